using Qmtl.Messaging;

namespace Qmtl.Gateway.Submissions;

/// <summary>Reads the commit log and sees to it that every submission in it is worked on. Gateways share the log's partitions.</summary>
/// <remarks>Usually the gateway that took a submission in holds it already. What fails here is tried again by <see cref="SubmissionSweeper"/>.</remarks>
internal sealed class SubmissionWorker(ICommitLog commitLog, SubmissionProcessor processor) : BackgroundService
{
    private const string Group = "gateway-commit";

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => commitLog.RunAsync(
        Group,
        (record, _, cancellation) => processor.TryProcessAsync(record.StrategyId, processor.NewHold(), cancellation),
        stoppingToken);
}
