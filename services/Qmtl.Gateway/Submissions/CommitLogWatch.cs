using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Identity;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Gateway.Submissions;

/// <summary>Follows the commit log behind everybody's back: a submission that was acknowledged and is not in the store any more is put there again.</summary>
/// <remarks>
/// Row and record commit together, so this finds nothing unless the store was set back further than the log. Gateways share the log's partitions; what this
/// gateway wrote itself a moment ago it does not look up.
/// </remarks>
internal sealed partial class CommitLogWatch(
    ICommitLog commitLog, IDatabase database, WorkerIdentity worker, SubmissionOptions options, OwnSubmissions own, IngestMetrics metrics, TimeProvider time, ILogger<CommitLogWatch> logger) : BackgroundService
{
    private const string Group = "gateway-commit";
    private const int WindowSize = 1024;
    private static readonly TimeSpan WindowLength = TimeSpan.FromSeconds(60);
    private readonly IdempotencyWindow _window = new(WindowSize, WindowLength, time);

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => commitLog.RunAsync(Group, CheckAsync, stoppingToken);

    /// <summary>Sees to it that a record's submission is in the store.</summary>
    /// <exception cref="PoisonMessageException">It is not, and the record does not say enough to put it there.</exception>
    internal async Task CheckAsync(IngestRecord record, LogPosition position, CancellationToken cancellation)
    {
        if (_window.Seen(record.StrategyId))
        {
            metrics.CommitDuplicate();
            return;
        }

        if (!own.Contains(record.StrategyId) && !await database.ReadAsync(session => SubmissionStore.IsKnownAsync(session, record.StrategyId), cancellation))
            await RebuildAsync(record, position, cancellation);
        _window.Remember(record.StrategyId);
    }

    private async Task RebuildAsync(IngestRecord record, LogPosition position, CancellationToken cancellation)
    {
        if (Read(record) is not { } pending)
        {
            metrics.CommitInvalid();
            throw new PoisonMessageException($"{position} is of submission {record.StrategyId}, which the store does not have, and lacks what would put it there. Submit it again.");
        }

        var holders = await database.WriteAsync(unit => SubmissionStore.InsertAsync(unit, [pending], worker.Hold, options.DedupeFor), cancellation);
        if (string.Equals(holders[pending.DedupeKey], record.StrategyId, StringComparison.Ordinal))
        {
            metrics.Rebuilt();
            Rebuilt(logger, record.StrategyId, position);
        }
        else
        {
            // Submitted again since; one of the two is enough.
            metrics.CommitDuplicate();
        }
    }

    private static PendingSubmission? Read(IngestRecord record)
    {
        try
        {
            if (record.Payload is not JsonObject payload || payload[IngestFields.Dag]?.GetValue<string>() is not { } dag) return null;
            var worlds = payload[IngestFields.WorldIds].Deserialize<string[]>() ?? [];
            var contexts = payload[IngestFields.Contexts].Deserialize<ComputeContext[]>() ?? [];
            if (worlds.Length == 0 || contexts.Length != worlds.Length) return null;
            using var document = CanonicalJson.Parse(Encoding.UTF8.GetBytes(dag));
            var check = SubmissionCheck.Inspect(document.RootElement, payload[IngestFields.Crc]?.GetValue<uint>());
            if (!check.Passed) return null;
            var submission = new Submission(dag, check.Nodes, check.Crc, worlds, payload[IngestFields.Meta]?.ToJsonString() ?? "{}", new ContextHints(null, null, null), "")
            {
                Submitter = Submitter.Parse(payload[IngestFields.Submitter]?.GetValue<string>() ?? ""),
            };
            return new PendingSubmission(record.StrategyId, submission, contexts, IsHeld: false);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or RefusalException)
        {
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Submission {StrategyId} was acknowledged and not in the store; it was put there again from {Position}.", EventName = "Rebuilt")]
    private static partial void Rebuilt(ILogger logger, string strategyId, LogPosition position);
}
