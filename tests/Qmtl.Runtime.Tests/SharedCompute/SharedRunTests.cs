using FsCheck;
using FsCheck.Fluent;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.Runtime.Tests.SharedCompute;

/// <summary>Runs that share: each result is that of the run alone, whatever the others do.</summary>
public sealed class SharedRunTests
{
    private const int Bars = 3_500;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(0.6);
    private static readonly SharingOptions Options = new() { Lease = Lease, Patience = TimeSpan.FromSeconds(20) };
    private static readonly MarketData Data = Make(1);

    [Fact]
    public async Task Run_SecondOfTheSame_ReadsWhatItNeedsAndComputesNothing()
    {
        var streams = new MemoryStreams(TimeProvider.System);

        var first = await ShareAsync(Graph(1), Data, new MemoryExchange(streams, Lease));
        var second = await ShareAsync(Graph(1), Data, new MemoryExchange(streams, Lease));

        AssertSame(Alone(Graph(1), Data), first.Values);
        AssertSame(Alone(Graph(1), Data), second.Values);
        Assert.Equal((0, 0L), (first.Report.NodesRead, first.Report.EvaluationsSaved));
        Assert.Equal((0, 1.0), (second.Report.NodesComputed, second.Report.ReuseRatio));
        Assert.Equal((long)second.Report.Nodes * Bars, second.Report.EvaluationsSaved);
        Assert.Empty(second.Report.Fallbacks);
    }

    [Fact]
    public async Task Run_OverlappingGraphs_ComputesItsOwnPartOnly()
    {
        var streams = new MemoryStreams(TimeProvider.System);
        await ShareAsync(Cross(10, 30), Data, new MemoryExchange(streams, Lease));

        var second = await ShareAsync(Cross(10, 50), Data, new MemoryExchange(streams, Lease));

        // One average is read; the other, what compares them and what chooses are its own.
        AssertSame(Alone(Cross(10, 50), Data), second.Values);
        Assert.Equal((1, 3, 3), (second.Report.NodesRead, second.Report.NodesComputed, second.Report.NodesPublished));
        Assert.Equal(0.25, second.Report.ReuseRatio, 1e-12);
    }

    [Fact]
    public async Task Run_OtherBars_SharesNothing()
    {
        var streams = new MemoryStreams(TimeProvider.System);
        await ShareAsync(Graph(1), Data, new MemoryExchange(streams, Lease));

        var other = await ShareAsync(Graph(1), Make(2), new MemoryExchange(streams, Lease));

        AssertSame(Alone(Graph(1), Make(2)), other.Values);
        Assert.Equal(0L, other.Report.EvaluationsSaved);
    }

    [Fact]
    public void Run_TwoRandomGraphsAtOnce_EachIsWhatItIsAlone() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        var (a, b) = (RandomGraph(random), RandomGraph(random));
        var streams = new MemoryStreams(TimeProvider.System);

        var (first, second) = Both(
            () => ShareAsync(a, Data, new MemoryExchange(streams, Lease)), () => ShareAsync(b, Data, new MemoryExchange(streams, Lease)));

        AssertSame(Alone(a, Data), first.Values);
        AssertSame(Alone(b, Data), second.Values);
        AssertGapless(streams);
        Assert.Empty(first.Report.Fallbacks.Concat(second.Report.Fallbacks));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Fact]
    public void Run_ProducerFallsSilentAnywhere_IsTakenOverAndTheResultIsTheSame() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        var (a, b, c) = (RandomGraph(random), RandomGraph(random), RandomGraph(random));
        var streams = new MemoryStreams(TimeProvider.System);
        var dying = new MemoryExchange(streams, Lease);
        dying.SilentAfter(random.Next(4));

        var (first, second) = Both(() => ShareAsync(a, Data, dying), () => ShareAsync(b, Data, new MemoryExchange(streams, Lease)));
        var third = ShareAsync(c, Data, new MemoryExchange(streams, Lease)).Within().GetAwaiter().GetResult();

        AssertSame(Alone(a, Data), first.Values);
        AssertSame(Alone(b, Data), second.Values);
        AssertSame(Alone(c, Data), third.Values);
        AssertGapless(streams);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(6));

    [Fact]
    public async Task Run_ZombieThatComesBack_IsRefusedAndStillRight()
    {
        var streams = new MemoryStreams(TimeProvider.System);
        var zombie = new MemoryExchange(streams, Lease);
        var woken = false;
        var running = ShareAsync(Cross(10, 30), Data, zombie, block =>
        {
            if (block != 2) return;
            zombie.Silence();
            // It hangs in the middle; another takes over and finishes; then it goes on as if nothing had been.
            var other = ShareAsync(Cross(10, 30), Data, new MemoryExchange(streams, Lease)).Within().GetAwaiter().GetResult();
            AssertSame(Alone(Cross(10, 30), Data), other.Values);
            zombie.Wake();
            woken = true;
        });

        var result = await running.Within();

        Assert.True(woken);
        AssertSame(Alone(Cross(10, 30), Data), result.Values);
        AssertGapless(streams);
    }

    [Fact]
    public async Task Run_ExchangeRefuses_ComputesForItselfAndSaysWhy()
    {
        var exchange = new MemoryExchange(new MemoryStreams(TimeProvider.System), Lease) { Failure = new RefusalException(ReasonCodes.Unavailable, "Nobody answers.") };

        var result = await ShareAsync(Graph(3), Data, exchange);

        AssertSame(Alone(Graph(3), Data), result.Values);
        Assert.Equal(["E_UNAVAILABLE: Nobody answers."], result.Report.Fallbacks);
        Assert.Equal(0L, result.Report.EvaluationsSaved);
    }

    [Fact]
    public async Task Run_LivingProducerThatDoesNotGetOn_IsNotWaitedForLongerThanPatience()
    {
        var streams = new MemoryStreams(TimeProvider.System);
        var holder = new MemoryExchange(streams, TimeSpan.FromHours(1));
        var lineage = new InputLineage(Data, SharedRun.BlockLength);
        await holder.AcquireAsync([.. GraphSharing.NodesOf(Cross(10, 30)).Select(node => new NodeRequest(node.NodeId, lineage.Inputs(node.Columns)))]);

        var result = await ShareAsync(Cross(10, 30), Data, new MemoryExchange(streams, Lease), options: Options with { Patience = Lease });

        AssertSame(Alone(Cross(10, 30), Data), result.Values);
        Assert.Contains(result.Report.Fallbacks, reason => reason.StartsWith("E_TIMEOUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_ValuesOfOtherInputs_AreNotUsed()
    {
        var streams = new MemoryStreams(TimeProvider.System);
        var liar = new MemoryExchange(streams, TimeSpan.FromHours(1));
        var lineage = new InputLineage(Data, SharedRun.BlockLength);
        var nodes = GraphSharing.NodesOf(Cross(10, 30));
        var grants = await liar.AcquireAsync([.. nodes.Select(node => new NodeRequest(node.NodeId, lineage.Inputs(node.Columns)))]);
        await liar.AppendAsync([.. grants.Select(grant => new NodeBatch(grant.StreamId, grant.Epoch, 0, 0, "sha256:" + new string('0', 64), [new double[SharedRun.BlockLength]]))]);

        var result = await ShareAsync(Cross(10, 30), Data, new MemoryExchange(streams, Lease));

        AssertSame(Alone(Cross(10, 30), Data), result.Values);
        Assert.Contains(result.Report.Fallbacks, reason => reason.StartsWith("E_NODE_VALUES_CONFLICT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Replay_Shared_EqualsTheReplayAloneInEveryFigure()
    {
        var streams = new MemoryStreams(TimeProvider.System);
        var options = new ReplayOptions { CommissionBps = 2, AllowShort = true };
        var alone = new KernelReplay().Run(new SmaCross(), Data, options);
        for (var run = 0; run < 2; run++)
        {
            var exchange = new MemoryExchange(streams, Lease);

            var shared = await new SharedReplay(TimeProvider.System).RunAsync(new SmaCross(), Data, options, exchange, Options).Within();

            Assert.Equal(alone.StreamDigest, shared.Result.StreamDigest);
            Assert.True(alone.Series.Equity.Span.SequenceEqual(shared.Result.Series.Equity.Span));
            Assert.Equal(new NodeEvaluations(shared.Sharing.EvaluationsComputed, shared.Sharing.EvaluationsSaved), exchange.Reported);
        }
    }

    private static MarketData Make(ulong seed) => MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = Bars, Seed = seed, Volatility = 0.01 })]);

    private static StrategyGraph Cross(int fast, int slow) => new SmaCross()
        .With(new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = $"{fast}", ["slow"] = $"{slow}" }).Compile(Data.Universe);

    private static StrategyGraph Graph(int seed) => RandomGraph(new Random(seed));

    /// <summary>Few operators over few columns, so that two graphs have much in common.</summary>
    private static StrategyGraph RandomGraph(Random random) => new Written(s =>
    {
        var price = s.Price();
        var known = new List<Series> { price.Close, price.High };
        for (var i = 0; i < 14; i++)
        {
            var (a, b) = (known[random.Next(known.Count)], known[random.Next(known.Count)]);
            known.Add(random.Next(6) switch
            {
                0 => a + b,
                1 => (a > b).Then(a, 1.0),
                2 => a.Sma(random.Next(2, 4)),
                3 => a.Ema(random.Next(2, 4)),
                4 => price.Bollinger(3, 2).Upper - a,
                _ => a.Resample("5m").Shift(1).AsOf(price),
            });
        }

        s.Target((known[^1] > known[^2]).Then(1.0, 0.0));
        s.Output("y", known[^3]);
    }).Compile(Data.Universe);

    private static async Task<(double[][] Values, SharingReport Report)> ShareAsync(
        StrategyGraph graph, MarketData data, INodeExchange exchange, Action<int>? onBlock = null, SharingOptions? options = null)
    {
        var ends = graph.Targets.Select(target => target.Index).Concat(graph.Outputs.Select(output => output.Index)).ToArray();
        var values = ends.Select(_ => new double[data.Count]).ToArray();
        var handed = 0;
        var report = await new SharedRun(graph, data, exchange, options ?? Options, TimeProvider.System).RunAsync(
            (run, start, length) =>
            {
                Assert.Equal(handed, start);
                handed += length;
                for (var i = 0; i < ends.Length; i++) run.Values(ends[i])[..length].CopyTo(values[i].AsSpan(start));
                onBlock?.Invoke(start / SharedRun.BlockLength);
            },
            CancellationToken.None).Within(60);
        Assert.Equal(data.Count, handed);
        return (values, report);
    }

    private static ((double[][] Values, SharingReport Report) First, (double[][] Values, SharingReport Report) Second) Both(
        Func<Task<(double[][], SharingReport)>> first, Func<Task<(double[][], SharingReport)>> second)
    {
        var both = Task.WhenAll(Task.Run(first), Task.Run(second)).Within(60).GetAwaiter().GetResult();
        return (both[0], both[1]);
    }

    private static double[][] Alone(StrategyGraph graph, MarketData data) =>
        GraphValues.Compute(graph, data, [.. graph.Targets.Select(target => target.Index), .. graph.Outputs.Select(output => output.Index)]);

    private static void AssertSame(double[][] expected, double[][] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i].Select(BitConverter.DoubleToInt64Bits), actual[i].Select(BitConverter.DoubleToInt64Bits));
    }

    private static void AssertGapless(MemoryStreams streams)
    {
        foreach (var stream in streams.All)
        {
            var next = 0L;
            foreach (var batch in stream)
            {
                Assert.Equal(next, batch.FirstBar);
                next += batch.Bars;
            }
        }
    }

    private sealed class Written(Action<StrategyBuilder> build) : Strategy
    {
        protected override void Build(StrategyBuilder s) => build(s);
    }
}
