using System.Text;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

/// <summary>Operators with several outputs, and values that are known only later.</summary>
public sealed class PanelKernelTests
{
    [Fact]
    public void Process_TwoOutputs_EachIsPickedWithoutACopy()
    {
        var bars = new RandomBars(2, 50);
        var builder = new StrategyBuilder("test", Compute.Universe);
        var (sum, difference) = SumAndDifference(builder.Price());
        builder.Output("sum", sum);
        builder.Output("twice", difference * 2.0);
        var plan = ComputePlan.For(builder.ToGraph());
        var run = plan.Start(64);
        ColumnBinding.Bind(plan, [bars]).Load(run, 0, 50);
        run.Process(50);

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(bars["close"][i] + bars["open"][i], run.Values(plan.Graph.Outputs[0].Index)[i]);
            Assert.Equal((bars["close"][i] - bars["open"][i]) * 2, run.Values(plan.Graph.Outputs[1].Index)[i]);
        }
    }

    [Fact]
    public void NodeId_OfAnOutput_IsTheHashOfItsPreImage()
    {
        var graph = Compute.GraphOf(p => SumAndDifference(p).Difference);

        var panel = graph.Nodes.Single(node => node.SchemaCompatId == "panel-v1");
        var preImage = $"ProcessingNode|60|1|{{\"op\":\"output\",\"output\":1}}|{panel.NodeId}|series-v1|{ContentHash.Sha256Hex("qmtl.op/output/1")}";
        Assert.Equal("blake3:" + Blake3.HashHex(Encoding.UTF8.GetBytes(preImage)), graph.Nodes[^1].NodeId);
        Assert.Equal("test.both(close(X@1m), open(X@1m)).difference", graph.Nodes[^1].Name);
    }

    [Fact]
    public void Warmup_OfOutputs_IsTheirOwn()
    {
        Assert.Equal([3, 3], Warmups(p => SumAndDifference(p).Sum));
        Assert.Equal([3, 8], Warmups(p => SumAndDifference(p).Difference));

        static int[] Warmups(Func<PriceSeries, Series> expression) => [.. Compute.GraphOf(expression).Ordered.TakeLast(2).Select(node => node.Warmup)];
    }

    [Fact]
    public void Target_OnADelayedNode_NamesThePath()
    {
        var builder = new StrategyBuilder("test", Compute.Universe);
        var label = builder.Compute(new Hindsight(), builder.Price().Close).Named("label");

        var refusal = Assert.Throws<RefusalException>(() => builder.Target((label > 0.0).Then(1.0, 0.0)));

        Assert.Equal(ReasonCodes.StrategyInvalid, refusal.Code);
        Assert.Contains("known only later: ... <- greater(label, 0) <- label; labels are for training", refusal.Message, StringComparison.Ordinal);
        builder.Output("label", label);
    }

    private static (Series Sum, Series Difference) SumAndDifference(PriceSeries p)
    {
        var both = new Both().Over(p.Close, p.Open);
        return (both[0], both[1]);
    }

    [NodeCode("test.both", "1")]
    private sealed class Both : PanelKernel
    {
        public override int OutputCount => 2;

        public override int Lookback => 3;

        public override int LookbackOf(int index) => index == 0 ? 3 : 8;

        public override string OutputName(int index) => index == 0 ? "sum" : "difference";

        public override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
        {
            for (var i = 0; i < outputs.Length; i++)
            {
                outputs[0][i] = inputs[0][i] + inputs[1][i];
                outputs[1][i] = inputs[0][i] - inputs[1][i];
            }
        }
    }

    [NodeCode("test.hindsight", "1")]
    private sealed class Hindsight : Kernel
    {
        public override bool IsDelayed => true;

        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) => inputs[0].CopyTo(output);
    }
}
