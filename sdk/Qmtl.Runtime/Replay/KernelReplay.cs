using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>The replay that drives the compute engine and the fill kernel directly, block by block.</summary>
/// <remarks>
/// Signals are computed a block ahead of the account, which is no look-ahead: a kernel sees the past of its own bar only, and block length one gives the
/// same bits.
/// </remarks>
public sealed class KernelReplay(TimeProvider time) : IReplay
{
    /// <summary>A replay that takes elapsed time from the system.</summary>
    public KernelReplay()
        : this(TimeProvider.System)
    {
    }

    /// <inheritdoc/>
    public void Check(StrategyGraph graph, MarketData data, ReplayOptions options)
    {
        ReplayOptionsCheck.ThrowIfRefused(options);
        if (graph.Targets.Count == 0) throw ReplayRefusal.NoTarget(graph);
        ColumnBinding.Bind(ComputePlan.For(graph), data.Aligned);
    }

    /// <inheritdoc/>
    public ReplayResult Run(Strategy strategy, MarketData data, ReplayOptions options, CancellationToken ct = default)
    {
        ReplayOptionsCheck.ThrowIfRefused(options);
        return Run([ReplayCase.Of(strategy, data, options)], data, options, ct)[0];
    }

    /// <summary>Replays several strategies side by side: what their graphs share is computed once. Each result is that of a run of its own, but for the time.</summary>
    internal ReplayResult[] Run(IReadOnlyList<ReplayCase> cases, MarketData data, ReplayOptions options, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var sessions = new List<ReplaySession>(cases.Count);
        try
        {
            foreach (var (ordinal, one) in cases.Index()) sessions.Add(new ReplaySession(one.Graph, ordinal, data, options));
            Play(ComputePlan.For([.. cases.Select(one => one.Graph)]), sessions, data, options.BlockLength, ct);
            var elapsed = time.GetElapsedTime(started) / cases.Count;
            return [.. cases.Zip(sessions, (one, session) => ResultBuilder.Build(one, data, options, session.Finish(), elapsed))];
        }
        finally
        {
            foreach (var session in sessions) session.Dispose();
        }
    }

    private static void Play(ComputePlan plan, List<ReplaySession> sessions, MarketData data, int? blockLength, CancellationToken ct)
    {
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start(blockLength ?? plan.PreferredBlockLength);
        for (var start = 0; start < data.Count; start += run.BlockLength)
        {
            ct.ThrowIfCancellationRequested();
            var length = Math.Min(run.BlockLength, data.Count - start);
            binding.Load(run, start, length);
            run.Process(length);
            foreach (var session in sessions) session.Play(run, start, length);
        }
    }
}

/// <summary>A strategy made ready for a replay. Its parameters are copied: the instance may be given others for the next case.</summary>
internal sealed record ReplayCase(string Strategy, IReadOnlyDictionary<string, string> Parameters, StrategyGraph Graph)
{
    public static ReplayCase Of(Strategy strategy, MarketData data, ReplayOptions options)
    {
        var graph = strategy.Compile(options.UniverseOf(data));
        if (graph.Targets.Count == 0) throw ReplayRefusal.NoTarget(graph);
        return new ReplayCase(strategy.Name, ParametersOf(strategy), graph);
    }

    /// <summary>Every parameter with the value it has now.</summary>
    public static IReadOnlyDictionary<string, string> ParametersOf(Strategy strategy) =>
        strategy.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.ValueText, StringComparer.Ordinal);
}
