using Qmtl.Strategies;

namespace Qmtl.Bench.Engine;

/// <summary>A plan run over all bars, block by block.</summary>
internal sealed class PlanLoop
{
    private readonly PlanRun _run;
    private int _length;

    private PlanLoop(PlanRun run) => _run = run;

    /// <summary>Runs plans, each from the first bar to the last, one after the other.</summary>
    public static PlanLoop[] Run(IReadOnlyList<ComputePlan> plans, IReadOnlyList<IColumnSource> data) => [.. plans.Select(plan => Run(plan, data))];

    /// <summary>The same, each plan on a thread of its own.</summary>
    public static PlanLoop[] RunAtOnce(IReadOnlyList<ComputePlan> plans, IReadOnlyList<IColumnSource> data)
    {
        var loops = new PlanLoop[plans.Count];
        Parallel.For(0, loops.Length, i => loops[i] = Run(plans[i], data));
        return loops;
    }

    /// <summary>The last bar's value of node <paramref name="index"/> of graph <paramref name="graph"/>.</summary>
    public double Last(int index, int graph = 0) => _run.Values(graph, index)[_length - 1];

    private static PlanLoop Run(ComputePlan plan, IReadOnlyList<IColumnSource> data)
    {
        var binding = ColumnBinding.Bind(plan, data);
        var loop = new PlanLoop(plan.Start());
        for (var start = 0; start < binding.Count; start += loop._length)
        {
            loop._length = Math.Min(loop._run.BlockLength, binding.Count - start);
            binding.Load(loop._run, start, loop._length);
            loop._run.Process(loop._length);
        }

        return loop;
    }
}
