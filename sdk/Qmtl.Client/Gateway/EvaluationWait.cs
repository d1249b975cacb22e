using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>Waits for a world's judgement that is not there yet.</summary>
public static class EvaluationWait
{
    /// <summary>How long to wait unless said otherwise.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromMinutes(5);

    /// <summary>How often to ask unless said otherwise.</summary>
    public static TimeSpan DefaultInterval { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Asks until the run has a status or metrics.</summary>
    /// <param name="gateway">The Gateway.</param>
    /// <param name="worldId">The world.</param>
    /// <param name="strategyId">The strategy.</param>
    /// <param name="runId">The evaluation run, as a submission's result names it.</param>
    /// <param name="timeout">How long to wait; null means <see cref="DefaultTimeout"/>.</param>
    /// <param name="interval">How often to ask; null means <see cref="DefaultInterval"/>.</param>
    /// <param name="time">The clock; null means the system's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RefusalException">The run was not judged in time (<c>E_TIMEOUT</c>), or the Gateway refused. Silence of the Gateway is waited out.</exception>
    public static async Task<EvaluationRun> WaitForEvaluationAsync(
        this GatewayClient gateway, string worldId, string strategyId, string runId, TimeSpan? timeout = null, TimeSpan? interval = null, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        time ??= TimeProvider.System;
        var (limit, pause) = (timeout ?? DefaultTimeout, interval ?? DefaultInterval);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pause, TimeSpan.Zero, nameof(interval));
        var started = time.GetTimestamp();
        var path = $"worlds/{Uri.EscapeDataString(worldId)}/strategies/{Uri.EscapeDataString(strategyId)}/runs/{Uri.EscapeDataString(runId)}";
        while (true)
        {
            if (await TryFindAsync(gateway, path, cancellationToken).ConfigureAwait(false) is { } run && IsJudged(run)) return run;
            var left = limit - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) throw new RefusalException(ReasonCodes.Timeout, $"The evaluation run {runId} of {strategyId} in {worldId} was not judged within {limit}. It may still be; ask again later.");
            await Task.Delay(left < pause ? left : pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsJudged(EvaluationRun run) => run.Summary is { Status.Length: > 0 } || run.Metrics is { Values.Count: > 0 };

    private static async Task<EvaluationRun?> TryFindAsync(GatewayClient gateway, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await gateway.FindAsync<EvaluationRun>(path, cancellationToken).ConfigureAwait(false);
        }
        catch (RefusalException silence) when (silence.Code.HttpStatus >= 500)
        {
            return null;
        }
    }
}
