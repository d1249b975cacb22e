using Qmtl.Identity;

namespace Qmtl.WorldService.Apply;

/// <summary>What the state machine needs to know of a run.</summary>
/// <param name="Since">When the phase was reached.</param>
/// <param name="FreezeTimeout">How long the freeze may wait for its acknowledgements.</param>
/// <param name="RetryAt">When the events of the unfreeze are repeated next; set while it is pending.</param>
/// <param name="Repeats">How often they were repeated.</param>
/// <param name="Reason">Code of the reason for a rollback, or for a completed run without what it promoted; empty otherwise.</param>
internal sealed record ApplyState(ApplyPhase Phase, DateTimeOffset Since, TimeSpan FreezeTimeout, DateTimeOffset? RetryAt = null, int Repeats = 0, string Reason = "");

/// <summary>What happens to a run.</summary>
internal abstract record ApplyInput
{
    /// <summary>Time has passed, or somebody has acknowledged, joined or left.</summary>
    /// <param name="Acknowledged">Whether enough observers have acknowledged the phase.</param>
    public sealed record Look(bool Acknowledged) : ApplyInput;

    /// <summary>The switch was refused or failed; its transaction has left nothing behind.</summary>
    public sealed record SwitchFailed(string Reason) : ApplyInput;

    /// <summary>An operator ends the run.</summary>
    public sealed record Abort : ApplyInput;
}

/// <summary>What has to be done in the transaction that stores the new state.</summary>
internal enum ApplyEffect
{
    /// <summary>Nothing: the run waits, or is over.</summary>
    None,

    /// <summary>Close every entry and publish that; close edges.</summary>
    Freeze,

    /// <summary>Decide the new set, still closed.</summary>
    Switch,

    /// <summary>Open the entries of the new set and publish that; open edges.</summary>
    Unfreeze,

    /// <summary>Publish the events of the unfreeze again, under their numbers.</summary>
    Repeat,

    /// <summary>Let another run begin.</summary>
    Complete,

    /// <summary>Bring back edges and let another run begin; publish every entry again as frozen, if the world was.</summary>
    RollBack,
}

/// <summary>
/// The two-phase apply: requested, freeze, (all observers), switch, unfreeze, (all observers), completed; or rolled back. Pure: the
/// same state, input and time always lead to the same next state, so that any process can take a run over where another left it.
/// </summary>
internal static class ApplyMachine
{
    /// <summary>How long an unfreeze may take before somebody is told.</summary>
    public static readonly TimeSpan UnfreezeTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The pause between two repetitions of its events.</summary>
    public static readonly TimeSpan RepeatEvery = TimeSpan.FromSeconds(10);

    /// <summary>One step. A step without effect leaves the state as it is.</summary>
    public static (ApplyState State, ApplyEffect Effect) Next(ApplyState state, ApplyInput input, DateTimeOffset now) => input switch
    {
        _ when state.Phase.IsTerminal() => Stay(state),
        ApplyInput.Abort => RollBack(state, ReasonCodes.ApplyAborted.Code, now),
        ApplyInput.SwitchFailed failed => state.Phase is ApplyPhase.Freeze ? RollBack(state, failed.Reason, now) : Stay(state),
        ApplyInput.Look look => Look(state, look.Acknowledged, now),
        _ => Stay(state),
    };

    private static (ApplyState State, ApplyEffect Effect) Look(ApplyState state, bool acknowledged, DateTimeOffset now) => state.Phase switch
    {
        ApplyPhase.Requested => Go(state, ApplyPhase.Freeze, ApplyEffect.Freeze, now),
        ApplyPhase.Freeze when acknowledged => Go(state, ApplyPhase.Switch, ApplyEffect.Switch, now),
        ApplyPhase.Freeze when now - state.Since >= state.FreezeTimeout => RollBack(state, ReasonCodes.FreezeTimeout.Code, now),
        ApplyPhase.Switch => Go(state, ApplyPhase.Unfreeze, ApplyEffect.Unfreeze, now),
        ApplyPhase.Unfreeze or ApplyPhase.UnfreezePending when acknowledged => Go(state, ApplyPhase.Completed, ApplyEffect.Complete, now),
        ApplyPhase.Unfreeze when now - state.Since >= UnfreezeTimeout => Repeat(state with { Phase = ApplyPhase.UnfreezePending, Since = now }, now),
        ApplyPhase.UnfreezePending when now >= state.RetryAt => Repeat(state, now),
        _ => Stay(state),
    };

    private static (ApplyState State, ApplyEffect Effect) Stay(ApplyState state) => (state, ApplyEffect.None);

    private static (ApplyState State, ApplyEffect Effect) Go(ApplyState state, ApplyPhase phase, ApplyEffect effect, DateTimeOffset now) =>
        (state with { Phase = phase, Since = now, RetryAt = null }, effect);

    private static (ApplyState State, ApplyEffect Effect) Repeat(ApplyState state, DateTimeOffset now) =>
        (state with { RetryAt = now + RepeatEvery, Repeats = state.Repeats + 1 }, ApplyEffect.Repeat);

    private static (ApplyState State, ApplyEffect Effect) RollBack(ApplyState state, string reason, DateTimeOffset now) =>
        (state with { Phase = ApplyPhase.RolledBack, Since = now, RetryAt = null, Reason = reason }, ApplyEffect.RollBack);
}
