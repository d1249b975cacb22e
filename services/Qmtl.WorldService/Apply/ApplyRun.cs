using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Promotion;

namespace Qmtl.WorldService.Apply;

/// <summary>One apply: all that is needed to continue it after a crash, and to undo it.</summary>
internal sealed record ApplyRunState
{
    public const string Apply = "apply";
    public const string Rollback = "rollback";

    public required string WorldId { get; init; }

    public required string RunId { get; init; }

    /// <summary>Its place among the runs of its world, from 1.</summary>
    public int Number { get; init; }

    /// <summary><see cref="Apply"/> or <see cref="Rollback"/>.</summary>
    public required string Kind { get; init; }

    public string TargetRunId { get; init; } = "";

    public required string ContentHash { get; init; }

    public required string Actor { get; init; }

    public required string CorrelationId { get; init; }

    public required ApplyState Machine { get; init; }

    public IReadOnlyList<string> Activate { get; init; } = [];

    public IReadOnlyList<string> Deactivate { get; init; } = [];

    /// <summary>The active set before; the switch is refused when it is another one by then.</summary>
    public IReadOnlyList<string> Previous { get; init; } = [];

    public IReadOnlyList<string> Target { get; init; } = [];

    public IReadOnlyList<string> Promote { get; init; } = [];

    public IReadOnlyList<string> Demote { get; init; } = [];

    /// <summary>What a promotion waived; null outside of one.</summary>
    public LiveGrant? Grant { get; init; }

    /// <summary>The gating policy as protobuf JSON; null without one.</summary>
    public string? Gating { get; init; }

    public string OnPromote { get; init; } = "";

    public string OnDemote { get; init; } = "";

    /// <summary>Entries as they stood before the freeze, without its hold.</summary>
    public IReadOnlyList<ActivationEntry> Snapshot { get; init; } = [];

    /// <summary>Stages beyond backtest before the freeze, by strategy.</summary>
    public IReadOnlyDictionary<string, string> Stages { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Edges into the domains of the gating policy before the freeze; none without one.</summary>
    public IReadOnlyList<EdgeSnapshot> Edges { get; init; } = [];

    /// <summary>For a rollback: what it brings back.</summary>
    public ApplyRestore? Restore { get; init; }

    /// <summary>The last number given to an event.</summary>
    public int LastSequence { get; init; }

    /// <summary>The entries behind the numbers of the current phase, the last of which is <see cref="LastSequence"/>; the default key is the world itself.</summary>
    public IReadOnlyList<EntryKey> Numbered { get; init; } = [];

    /// <summary>When the events of the current phase were published first.</summary>
    public DateTimeOffset PublishedAt { get; init; }

    public IReadOnlyList<ReachedPhase> History { get; init; } = [];

    public string Fingerprint { get; init; } = "";

    public bool? CanShort { get; init; }

    public GatingPolicy? ReadGating() => Json.ReadOptional<GatingPolicy>(Gating);

    public ApplyAck ToAck(IReadOnlyList<string> active)
    {
        var ack = new ApplyAck { Ok = Machine.Reason.Length == 0, RunId = RunId, Phase = Machine.Phase.ToToken(), Reason = Machine.Reason };
        ack.Active.Add(active);
        return ack;
    }

    public ApplyRun ToMessage(bool detailed)
    {
        var run = new ApplyRun
        {
            WorldId = WorldId,
            RunId = RunId,
            Phase = Machine.Phase.ToToken(),
            Plan = new ApplyPlan { Activate = { Activate }, Deactivate = { Deactivate } },
            Reason = Machine.Reason,
            Actor = Actor,
            Kind = Kind,
            TargetRunId = TargetRunId,
            DatasetFingerprint = Fingerprint,
            OnPromote = OnPromote,
            OnDemote = OnDemote,
            LastSequence = LastSequence,
            Number = Number,
        };
        run.Previous.Add(Previous);
        run.Target.Add(Target);
        run.Stages.Add(History.Select(reached => new ApplyStage { Phase = reached.Phase, Ts = Timestamp.FromDateTimeOffset(reached.At) }));
        if (detailed) run.Snapshot.Add(Snapshot.Select(entry => entry.ToEnvelope(null)));
        return run;
    }
}

/// <summary>When a run reached a phase.</summary>
internal sealed record ReachedPhase(string Phase, DateTimeOffset At);

/// <summary>An entry of a world.</summary>
internal readonly record struct EntryKey(string StrategyId, string Side);

/// <summary>What stood before a run.</summary>
internal sealed record ApplyRestore(
    IReadOnlyList<string> Active, IReadOnlyList<ActivationEntry> Entries, IReadOnlyDictionary<string, string> Stages, IReadOnlyList<EdgeSnapshot> Edges);

/// <summary>A row of <c>ws_apply_runs</c>.</summary>
internal sealed record ApplyRunRow
{
    public string WorldId { get; init; } = "";

    public string RunId { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Phase { get; init; } = "";

    public string ContentHash { get; init; } = "";

    public int Number { get; init; }

    public string State { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public ApplyRunState Read() => JsonSerializer.Deserialize<ApplyRunState>(State)!;

    public static ApplyRunRow Of(ApplyRunState run, DateTimeOffset now) => new()
    {
        WorldId = run.WorldId,
        RunId = run.RunId,
        Kind = run.Kind,
        Phase = run.Machine.Phase.ToToken(),
        ContentHash = run.ContentHash,
        Number = run.Number,
        State = JsonSerializer.Serialize(run),
        CreatedAt = now,
        UpdatedAt = now,
    };
}
