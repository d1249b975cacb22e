using Qmtl.V1;

namespace Qmtl.Gateway.Activation;

/// <summary>One side of a strategy in a world.</summary>
internal readonly record struct EntryKey(string StrategyId, string Side);

/// <summary>A change of activation on its way to the subscribers.</summary>
/// <param name="Update">Its payload.</param>
/// <param name="Frame">As it is relayed.</param>
/// <param name="AppendedAt">When it was appended to the log.</param>
internal sealed record ActivationEvent(ActivationUpdated Update, CloudEvent Frame, DateTimeOffset AppendedAt)
{
    public string WorldId => Update.WorldId;

    public string RunId => Update.RunId;

    /// <summary>Its number within its run.</summary>
    public int Number => Update.Sequence!.Value;

    /// <summary>Whether it is part of a sequence that has to be acknowledged.</summary>
    public bool IsSequenced => Update is { RequiresAck: true, Sequence: >= 1 } && Update.RunId.Length > 0;

    /// <summary>Whether it claims to be, and lacks what that takes: nothing can be said of its place.</summary>
    public bool IsBroken => Update.RequiresAck == true && !IsSequenced;

    /// <summary>The entry it is about; null when it is about the world.</summary>
    public EntryKey? Entry => Update.StrategyId is { } strategy ? new EntryKey(strategy, Update.Side ?? "") : null;

    /// <summary>Version of that entry, growing from run to run; 0 when unknown.</summary>
    public int EntryVersion => Entry is null ? 0 : Update.EntityVersion;

    /// <summary>Whether it can only close: such an event does no harm out of its turn, and must not wait for it.</summary>
    public bool Closes => Update.Freeze == true || Update.Drain == true || Update.Active == false;

    /// <summary>Whether it ends a phase of its run, as far as the run has come.</summary>
    public bool EndsPhase => Update.LastSequence is null || Number >= Update.LastSequence;
}
