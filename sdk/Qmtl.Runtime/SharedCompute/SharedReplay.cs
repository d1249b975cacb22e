using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>A replay, and what sharing did for it.</summary>
/// <param name="Result">The result; equal to that of a replay alone but for the time it took.</param>
/// <param name="Sharing">What was shared.</param>
public sealed record SharedReplayResult(ReplayResult Result, SharingReport Sharing);

/// <summary>Replays strategies that share nodes with other sessions.</summary>
/// <param name="time">The clock of leases and of elapsed time.</param>
public sealed class SharedReplay(TimeProvider time)
{
    /// <summary>Replays <paramref name="data"/> through <paramref name="strategy"/>, reading from others what they compute.</summary>
    /// <param name="strategy">The strategy, its parameters set.</param>
    /// <param name="data">The bars.</param>
    /// <param name="options">The conditions.</param>
    /// <param name="exchange">Where values are exchanged.</param>
    /// <param name="sharing">How.</param>
    /// <param name="cancellationToken">Stops; what this session held is free for others at once.</param>
    /// <exception cref="Identity.RefusalException">The strategy, the data or an option is mistaken. A refusal of the exchange is not thrown: the run then computes for itself, and the report says why.</exception>
    public async Task<SharedReplayResult> RunAsync(
        Strategy strategy, MarketData data, ReplayOptions options, INodeExchange exchange, SharingOptions? sharing = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(exchange);
        ReplayOptionsCheck.ThrowIfRefused(options);
        sharing ??= new SharingOptions();
        sharing.ThrowIfRefused();
        var started = time.GetTimestamp();
        var one = ReplayCase.Of(strategy, data, options);
        using var session = new ReplaySession(one.Graph, 0, data, options);
        var report = await new SharedRun(one.Graph, data, exchange, sharing, time).RunAsync(session.Play, cancellationToken).ConfigureAwait(false);
        return new SharedReplayResult(ResultBuilder.Build(one, data, options, session.Finish(), time.GetElapsedTime(started)), report);
    }
}
