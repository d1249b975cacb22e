using Qmtl.Gateway.Submissions;
using Qmtl.Gateway.Telemetry;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;

namespace Qmtl.Gateway.Contexts;

/// <summary>Derives the context a submission runs in from what its world decides.</summary>
internal static class ContextRules
{
    /// <summary>The context in <paramref name="worldId"/>. A decision that is missing or stale means a backtest, whatever was hinted.</summary>
    public static ComputeContext Derive(string worldId, DecisionReading reading, ContextHints hints)
    {
        if (reading.Decision is not { } decision) return Fallback(worldId, DowngradeReason.DecisionUnavailable, hints);
        if (reading.IsStale) return Fallback(worldId, DowngradeReason.StaleDecision, hints);

        // A mode nobody knows is no decision.
        if (ExecutionModes.ParseMode(decision.EffectiveMode) is not { } mode) return Fallback(worldId, DowngradeReason.DecisionUnavailable, hints);
        var domain = ExecutionModes.Map(mode).Domain;
        var pinned = domain is ExecutionDomain.Backtest or ExecutionDomain.Dryrun;
        var asOf = pinned ? hints.AsOf : null;
        var safe = SafeMode.Evaluate(domain, asOf);
        return new ComputeContext(worldId, safe.Domain, asOf, hints.Partition, pinned ? hints.DatasetFingerprint : null, safe.Downgraded, safe.Reason, safe.IsSafeMode);
    }

    private static ComputeContext Fallback(string worldId, DowngradeReason reason, ContextHints hints)
    {
        var safe = SafeMode.Fallback(reason);
        return new ComputeContext(worldId, safe.Domain, hints.AsOf, hints.Partition, hints.DatasetFingerprint, safe.Downgraded, safe.Reason, safe.IsSafeMode);
    }
}

/// <summary>Asks each world for its decision and derives the contexts.</summary>
internal sealed class ContextResolver(IDecisionSource decisions, GatewayMetrics metrics)
{
    /// <summary>The contexts of a submission, one for each of its worlds, in their order.</summary>
    /// <exception cref="RefusalException">A world does not exist.</exception>
    public async Task<IReadOnlyList<ComputeContext>> ResolveAsync(Submission submission, CancellationToken cancellation)
    {
        var readings = await Task.WhenAll(submission.WorldIds.Select(world => decisions.ReadAsync(world, cancellation)));
        ComputeContext[] contexts = [.. submission.WorldIds.Zip(readings, (world, reading) => ContextRules.Derive(world, reading, submission.Hints))];
        if (contexts[0].DowngradeReason is { } reason) metrics.Downgraded(reason.ToToken());
        return contexts;
    }
}
