namespace Qmtl.WorldService.Apply;

/// <summary>Where a two-phase apply stands.</summary>
internal enum ApplyPhase
{
    /// <summary>Recorded; nothing has changed.</summary>
    Requested,

    /// <summary>Every entry of the world is closed; the observers have not all confirmed it.</summary>
    Freeze,

    /// <summary>The new set is decided; every entry is still closed.</summary>
    Switch,

    /// <summary>The entries of the new set are open; the observers have not all confirmed it.</summary>
    Unfreeze,

    /// <summary>As <see cref="Unfreeze"/>, for longer than it should take; the events are repeated.</summary>
    UnfreezePending,

    /// <summary>Done.</summary>
    Completed,

    /// <summary>Ended without effect; the world stays frozen if it was.</summary>
    RolledBack,
}

/// <summary>The phases as the contract names them.</summary>
internal static class ApplyPhases
{
    private static readonly string[] Tokens = ["requested", "freeze", "switch", "unfreeze", "unfreeze_pending", "completed", "rolled_back"];

    public static string ToToken(this ApplyPhase phase) => Tokens[(int)phase];

    public static ApplyPhase Parse(string token) =>
        Array.IndexOf(Tokens, token) is var index and >= 0 ? (ApplyPhase)index : throw new FormatException($"'{token}' is no phase of an apply.");

    /// <summary>Whether the run is over: nothing moves it any more.</summary>
    public static bool IsTerminal(this ApplyPhase phase) => phase is ApplyPhase.Completed or ApplyPhase.RolledBack;
}
