using Grpc.Core;
using Qmtl.Gateway.Telemetry;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Submissions;

/// <summary>Does what follows an accepted submission: binds it to its worlds and compares it with the graph.</summary>
/// <remarks>Every step may be repeated, so a submission that somebody left half done is simply done again by whoever finds it.</remarks>
internal sealed partial class SubmissionProcessor(
    IDatabase database,
    WorldService.WorldServiceClient worlds,
    GraphClient graph,
    DecisionCache decisions,
    SubmissionOptions options,
    GatewayMetrics metrics,
    TimeProvider time,
    ILogger<SubmissionProcessor> logger)
{
    /// <summary>Attempts after which only an operator can help.</summary>
    public const int MaxAttempts = 20;

    /// <summary>The right to work on a submission, as one attempt claims it.</summary>
    public SubmissionHold NewHold() => new($"{Environment.MachineName}:{Environment.ProcessId}:{Guid.CreateVersion7(time.GetUtcNow()):N}", options.HoldFor);

    /// <summary>Works on a submission, unless somebody else does or it is done.</summary>
    /// <returns>The outcome, or null when there was nothing to do or it failed.</returns>
    public async Task<SubmissionOutcome?> TryProcessAsync(string strategyId, SubmissionHold hold, CancellationToken cancellation)
    {
        var held = await database.WriteAsync(unit => SubmissionStore.ClaimAsync(unit, strategyId, hold), cancellation);
        if (held is null) return null;
        try
        {
            foreach (var worldId in held.WorldIds)
            {
                await worlds.BindStrategiesAsync(new BindStrategiesRequest { WorldId = worldId, Strategies = { strategyId } }, cancellationToken: cancellation);
                decisions.Invalidate(worldId);
            }

            var outcome = await graph.DiffAsync(strategyId, held.DagJson, held.Contexts, dryRun: false, cancellation);
            await database.WriteAsync(unit => SubmissionStore.CompleteAsync(unit, held, outcome), cancellation);
            return outcome;
        }
        catch (Exception problem) when (problem is RpcException or RefusalException or HttpRequestException)
        {
            await FailAsync(held, problem, cancellation);
            return null;
        }
    }

    private async Task FailAsync(StoredSubmission held, Exception problem, CancellationToken cancellation)
    {
        var (reason, final) = problem switch
        {
            RefusalException refusal => (refusal.Code.Code, refusal.Code.HttpStatus < 500),
            RpcException rpc => ($"{rpc.StatusCode}", rpc.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.PermissionDenied),
            _ => (ReasonCodes.Unavailable.Code, false),
        };
        var backoff = Math.Min(options.LongestBackoff.TotalMilliseconds, options.FirstBackoff.TotalMilliseconds * Math.Pow(2, held.Attempts - 1));
        DateTimeOffset? retryAt = final || held.Attempts >= MaxAttempts ? null : time.GetUtcNow().AddMilliseconds(backoff);
        metrics.ProcessingFailed(reason);
        AttemptFailed(logger, held.StrategyId, held.Attempts, reason, retryAt, problem);
        await database.WriteAsync(unit => SubmissionStore.FailAsync(unit, held, reason, retryAt), cancellation);
    }

    [LoggerMessage(1, LogLevel.Warning, "Attempt {Attempt} at submission {StrategyId} failed: {Reason}. Next attempt at {RetryAt}.", EventName = "AttemptFailed")]
    private static partial void AttemptFailed(ILogger logger, string strategyId, int attempt, string reason, DateTimeOffset? retryAt, Exception problem);
}
