using System.Text.Json;
using Qmtl.Identity;

namespace Qmtl.Gateway.Submissions;

/// <summary>What working on a submission led to: where its nodes publish.</summary>
/// <param name="SentinelId">Id of the version boundary.</param>
/// <param name="QueueMap">Partition key to topic, over all worlds.</param>
/// <param name="NodeQueues">Node id to topic, in the first world.</param>
internal sealed record SubmissionOutcome(string SentinelId, IReadOnlyDictionary<string, string> QueueMap, IReadOnlyDictionary<string, string> NodeQueues)
{
    /// <summary>What is known while the diff is under way.</summary>
    public static SubmissionOutcome None { get; } = new("", new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
}

/// <summary>A submission as it stands in the store.</summary>
internal sealed record StoredSubmission
{
    public string StrategyId { get; init; } = "";

    public string DagJson { get; init; } = "";

    public int NodeCount { get; init; }

    public string MetaJson { get; init; } = "{}";

    public string WorldIdsJson { get; init; } = "[]";

    public string ContextJson { get; init; } = "[]";

    public string Status { get; init; } = "";

    public string Reason { get; init; } = "";

    public int Attempts { get; init; }

    public string Owner { get; init; } = "";

    public string OutcomeJson { get; init; } = "";

    /// <summary>As <see cref="Submissions.Submitter.ToText"/> wrote it.</summary>
    public string Submitter { get; init; } = "";

    public DateTimeOffset SubmittedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public IReadOnlyList<string> WorldIds => JsonSerializer.Deserialize<string[]>(WorldIdsJson) ?? [];

    public IReadOnlyList<ComputeContext> Contexts => JsonSerializer.Deserialize<ComputeContext[]>(ContextJson) ?? [];

    public SubmissionOutcome Outcome => OutcomeJson.Length == 0 ? SubmissionOutcome.None : JsonSerializer.Deserialize<SubmissionOutcome>(OutcomeJson) ?? SubmissionOutcome.None;

    /// <summary>The work on it, for whoever holds it.</summary>
    public HeldSubmission ToHeld(int attempt) => new(StrategyId, DagJson, WorldIds, Contexts, Submissions.Submitter.Parse(Submitter), attempt);
}

/// <summary>A submission on its way into the store.</summary>
/// <param name="StrategyId">Its id.</param>
/// <param name="Submission">What was submitted.</param>
/// <param name="Contexts">Where it runs, one for each of its worlds.</param>
/// <param name="IsHeld">Whether this gateway works on it at once; otherwise it waits for whoever has room.</param>
internal sealed record PendingSubmission(string StrategyId, Submission Submission, IReadOnlyList<ComputeContext> Contexts, bool IsHeld)
{
    /// <summary>Two submissions with the same key are the same.</summary>
    public string DedupeKey { get; } = Submission.DedupeKey(Contexts[0]);
}

/// <summary>The work on a submission that this gateway holds.</summary>
/// <param name="StrategyId">Its id.</param>
/// <param name="DagJson">Its graph, UTF-8 JSON.</param>
/// <param name="WorldIds">Worlds to bind it to.</param>
/// <param name="Contexts">One for each world.</param>
/// <param name="Submitter">In whose name.</param>
/// <param name="Attempt">Counted from 1.</param>
internal sealed record HeldSubmission(
    string StrategyId, string DagJson, IReadOnlyList<string> WorldIds, IReadOnlyList<ComputeContext> Contexts, Submitter Submitter, int Attempt);

/// <summary>Which submissions to list.</summary>
internal sealed record SubmissionQuery(string World, string Status, int Limit, DateTimeOffset Before, string BeforeId);
