using Google.Protobuf.Collections;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>Where a submitted strategy stands in its world.</summary>
public enum SubmitStatus
{
    /// <summary>The world has not judged it. Never traded.</summary>
    Pending,

    /// <summary>The world selects it.</summary>
    Active,

    /// <summary>The world does not select it.</summary>
    Rejected,
}

/// <summary>What came of a submission: the world's word in <see cref="World"/>, the caller's own measurement in <see cref="Precheck"/>.</summary>
/// <remarks>Only the world decides. A measurement that looks fine never makes a strategy active, and one that looks bad never makes it inactive.</remarks>
public sealed record SubmitResult
{
    /// <summary>The id given to the strategy.</summary>
    public required string StrategyId { get; init; }

    /// <summary>The world.</summary>
    public required string WorldId { get; init; }

    /// <summary>Whether the same submission was there before; it was evaluated again under its old id.</summary>
    public required bool Duplicate { get; init; }

    /// <summary>Where it stands.</summary>
    public required SubmitStatus Status { get; init; }

    /// <summary>What the world says.</summary>
    public required WorldVerdict World { get; init; }

    /// <summary>What was measured here; advisory.</summary>
    public required PrecheckReport Precheck { get; init; }

    /// <summary>Where the strategy's nodes publish: node id to topic. Empty while the graph is being compared.</summary>
    public required IReadOnlyDictionary<string, string> NodeQueues { get; init; }

    /// <summary>Whether anything fell back to something safer than asked for.</summary>
    public required bool Downgraded { get; init; }

    /// <summary>Why: <c>missing_as_of</c>, <c>stale_decision</c> or <c>decision_unavailable</c>; null when nothing did.</summary>
    public required string? DowngradeReason { get; init; }

    /// <summary>Whether nothing may leave the process.</summary>
    public required bool SafeMode { get; init; }

    /// <summary>The order gate of the long side as it follows from the world's word.</summary>
    public required OrderGateDecision OrderGate { get; init; }

    /// <summary>The replay behind the measurement; null when nothing was replayed.</summary>
    public required ReplayResult? Replay { get; init; }

    /// <summary>What sharing did for the replay; null when it did not share.</summary>
    public SharingReport? Sharing { get; init; }

    /// <summary>The result as the JSON document that the command line prints.</summary>
    public string ToJson() => SubmitResultJson.Write(this);
}

/// <summary>The authoritative part of a result, as WorldService gave it.</summary>
public sealed record WorldVerdict
{
    /// <summary>How the world may execute; null when it could not be asked.</summary>
    public required DecisionEnvelope? Decision { get; init; }

    /// <summary>Activation of the long side; null when there is none.</summary>
    public required ActivationEnvelope? Activation { get; init; }

    /// <summary>Activation of the short side; null when there is none.</summary>
    public required ActivationEnvelope? ActivationShort { get; init; }

    /// <summary>The world's applied share of capital; null when none was ever set.</summary>
    public required AllocationSnapshot? Allocation { get; init; }

    /// <summary>The verdict of the evaluation; null when there was none.</summary>
    public required EvaluationSummary? Summary { get; init; }

    /// <summary>The metrics the world judged, by name.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Id of the evaluation run; null when there was none.</summary>
    public required string? EvaluationRunId { get; init; }

    /// <summary>Its path, relative to the Gateway; null when there was none.</summary>
    public required string? EvaluationRunUrl { get; init; }

    /// <summary>Whether what stands here is a fallback: the world did not answer.</summary>
    public required bool IsStale { get; init; }

    /// <summary>Limits that were missed.</summary>
    public IReadOnlyList<ThresholdViolation> ThresholdViolations => Summary?.ThresholdViolations ?? new RepeatedField<ThresholdViolation>();

    /// <summary>How to get in, in the policy's own terms.</summary>
    public IReadOnlyList<string> ImprovementHints => [.. ThresholdViolations.Select(violation => violation.Message)];
}

/// <summary>What the caller measured. Advisory.</summary>
/// <param name="Status"><c>passed</c>; <c>warning</c> when a limit of the world's policy is missed; <c>error</c> when there were no returns to measure.</param>
/// <param name="Metrics">Metrics by name; undefined ones are absent.</param>
/// <param name="ReturnsSource"><c>explicit</c>, <c>strategy.returns</c>, <c>strategy.equity</c>, <c>strategy.pnl</c>, <c>auto:&lt;node&gt;.&lt;field&gt;</c> or <c>replay</c>.</param>
/// <param name="Problem">What kept it from measuring; null when nothing did.</param>
public sealed record PrecheckReport(string Status, IReadOnlyDictionary<string, double> Metrics, string ReturnsSource, string? Problem)
{
    /// <summary>Limits of the world's policy that the measurement misses. The world may judge otherwise.</summary>
    public IReadOnlyList<ThresholdViolation> Violations { get; init; } = [];

    /// <summary>What would help, in words.</summary>
    public IReadOnlyList<string> ImprovementHints { get; init; } = [];

    /// <summary>Nothing was measured.</summary>
    public static PrecheckReport Skipped { get; } = new("skipped", new Dictionary<string, double>(StringComparer.Ordinal), "none", null);
}
