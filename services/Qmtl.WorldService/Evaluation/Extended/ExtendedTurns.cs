namespace Qmtl.WorldService.Evaluation.Extended;

/// <summary>
/// Lets extended validations compute one at a time, when no evaluation is under way. Where evaluations never pause they still get their turn, for a fifth of the
/// time: put off for good they would pile up.
/// </summary>
internal sealed class ExtendedTurns(EvaluationLoad load, TimeProvider age) : IDisposable
{
    // Waits this many times as long as the last one computed; so it computes for no more than 1 / (1 + 4) of a time that is never quiet.
    private const int WaitedPerComputed = 4;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private TimeSpan _longest = LongestWait;

    public async Task<T> RunAsync<T>(Func<T> compute, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await load.WaitForQuietAsync(_longest, cancellationToken);
            var started = age.GetTimestamp();
            var result = compute();
            var wait = age.GetElapsedTime(started) * WaitedPerComputed;
            _longest = wait < LongestWait ? wait : LongestWait;
            return result;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
