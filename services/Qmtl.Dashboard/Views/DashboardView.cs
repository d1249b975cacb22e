namespace Qmtl.Dashboard.Views;

/// <summary>Everything the page shows, read from the Gateway at one moment.</summary>
/// <param name="ReadAt">When it was read.</param>
/// <param name="Gateway">Whether the Gateway answers, and what it says of its dependencies.</param>
/// <param name="Worlds">Worlds by id.</param>
/// <param name="Events">Latest events, newest first.</param>
public sealed record DashboardView(DateTimeOffset ReadAt, GatewayView Gateway, IReadOnlyList<WorldView> Worlds, IReadOnlyList<EventView> Events)
{
    /// <summary>What is shown before the Gateway answered for the first time.</summary>
    public static DashboardView Empty(DateTimeOffset now) => new(now, new GatewayView(false, "connecting", []), [], []);

    /// <summary>Strategies whose order gate is open, over all worlds.</summary>
    public int OpenGates => Worlds.Sum(world => world.Members.Count(member => member.GateOpen));

    /// <summary>Strategies over all worlds.</summary>
    public int Strategies => Worlds.Sum(world => world.Members.Count);
}

/// <summary>The Gateway's own word on its health.</summary>
/// <param name="Reachable">Whether it answered.</param>
/// <param name="Status">ok, degraded, or why it did not answer.</param>
/// <param name="Dependencies">Dependency and state.</param>
public sealed record GatewayView(bool Reachable, string Status, IReadOnlyList<KeyValuePair<string, string>> Dependencies);

/// <summary>One world with its decision and members.</summary>
public sealed record WorldView(
    string Id,
    string Name,
    string State,
    bool AllowLive,
    int? PolicyVersion,
    string EffectiveMode,
    string Reason,
    string AsOf,
    IReadOnlyList<MemberView> Members)
{
    /// <summary>Members the world's decision holds active.</summary>
    public int Active => Members.Count(member => member.Active);
}

/// <summary>One strategy of a world.</summary>
/// <param name="StrategyId">Its id.</param>
/// <param name="Status">Submission status.</param>
/// <param name="Active">Whether the world's activation holds it active.</param>
/// <param name="Weight">Activation weight, 0..1.</param>
/// <param name="GateOpen">Whether orders may pass.</param>
/// <param name="GateReason">Why the gate is closed.</param>
/// <param name="RunStatus">Verdict of the latest evaluation: pass, warn, fail, or empty.</param>
/// <param name="Sharpe">Annualised Sharpe ratio of the latest evaluation.</param>
/// <param name="MaxDrawdown">Largest drawdown of the latest evaluation, a fraction.</param>
/// <param name="Trades">Trades in the latest evaluation.</param>
public sealed record MemberView(
    string StrategyId,
    string Status,
    bool Active,
    double Weight,
    bool GateOpen,
    string GateReason,
    string RunStatus,
    double? Sharpe,
    double? MaxDrawdown,
    int? Trades);

/// <summary>One event of the stream.</summary>
public sealed record EventView(DateTimeOffset Time, string Type, string WorldId, string Subject, long Sequence);
