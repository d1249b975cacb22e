namespace Qmtl.Identity;

/// <summary>Why an execution fell back to a backtest.</summary>
public enum DowngradeReason
{
    /// <summary>A backtest or dry run is not pinned to a moment of its data.</summary>
    MissingAsOf,

    /// <summary>The world's decision is older than it may be.</summary>
    StaleDecision,

    /// <summary>There is no decision.</summary>
    DecisionUnavailable,
}

/// <summary>The outcome of <see cref="SafeMode.Evaluate"/>.</summary>
/// <param name="Domain">The domain to run in.</param>
/// <param name="Downgraded">Whether it is a fallback.</param>
/// <param name="Reason">Why it is one.</param>
/// <param name="IsSafeMode">Whether nothing may leave the process.</param>
public readonly record struct SafeModeResult(ExecutionDomain Domain, bool Downgraded, DowngradeReason? Reason, bool IsSafeMode);

/// <summary>Decides whether an execution may run in the domain it asks for.</summary>
public static class SafeMode
{
    /// <summary>Falls back to a backtest when there is no domain, or when a backtest or dry run is not pinned by <paramref name="asOf"/>.</summary>
    public static SafeModeResult Evaluate(ExecutionDomain? domain, string? asOf) => domain switch
    {
        null => Fallback(DowngradeReason.DecisionUnavailable),
        ExecutionDomain.Backtest or ExecutionDomain.Dryrun when string.IsNullOrWhiteSpace(asOf) => Fallback(DowngradeReason.MissingAsOf),
        { } granted => new SafeModeResult(granted, Downgraded: false, Reason: null, IsSafeMode: false),
    };

    /// <summary>The fallback to a backtest for <paramref name="reason"/>.</summary>
    public static SafeModeResult Fallback(DowngradeReason reason) => new(ExecutionDomain.Backtest, Downgraded: true, reason, IsSafeMode: true);

    /// <summary>The reason's text on the wire.</summary>
    public static string ToToken(this DowngradeReason reason) => reason switch
    {
        DowngradeReason.MissingAsOf => "missing_as_of",
        DowngradeReason.StaleDecision => "stale_decision",
        _ => "decision_unavailable",
    };
}
