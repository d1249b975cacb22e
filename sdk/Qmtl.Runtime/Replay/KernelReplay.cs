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
    public ReplayResult Run(Strategy strategy, MarketData data, ReplayOptions options, CancellationToken ct = default)
    {
        ReplayOptionsCheck.ThrowIfRefused(options);
        var graph = strategy.Compile(options.UniverseOf(data));
        if (graph.Targets.Count == 0) throw ReplayRefusal.NoTarget(strategy.Name);
        var started = time.GetTimestamp();
        using var session = new ReplaySession(graph, data, options);
        Play(ComputePlan.For(graph), session, data, options.BlockLength, ct);
        return ResultBuilder.Build(strategy, data, options, graph, session.Finish(), time.GetElapsedTime(started));
    }

    private static void Play(ComputePlan plan, ReplaySession session, MarketData data, int blockLength, CancellationToken ct)
    {
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start(blockLength);
        for (var start = 0; start < data.Count; start += blockLength)
        {
            ct.ThrowIfCancellationRequested();
            var length = Math.Min(blockLength, data.Count - start);
            binding.Load(run, start, length);
            run.Process(length);
            session.Play(run, start, length);
        }
    }
}
