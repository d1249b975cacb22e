namespace Qmtl.WorldService.Evaluation;

/// <summary>Knows whether evaluations are under way, so that work for which nobody waits can stay out of their way.</summary>
/// <param name="age">Measures how long ago the last one ended: a matter of the process, not of the worlds' clock.</param>
internal sealed class EvaluationLoad(TimeProvider age)
{
    /// <summary>Without an evaluation for this long the service counts as quiet: pauses between the requests of one client are shorter.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    private int _running;
    private long _ended = age.GetTimestamp();

    private bool IsQuiet => Volatile.Read(ref _running) == 0 && age.GetElapsedTime(Volatile.Read(ref _ended)) >= Quiet;

    /// <summary>Says that an evaluation is under way until the result is disposed.</summary>
    public Evaluating Enter()
    {
        Interlocked.Increment(ref _running);
        return new Evaluating(this);
    }

    /// <summary>Completes when it is quiet, and after <paramref name="longest"/> in any case.</summary>
    public async Task WaitForQuietAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var started = age.GetTimestamp();
        while (!IsQuiet && age.GetElapsedTime(started) < longest) await Task.Delay(Step, age, cancellationToken);
    }

    private void Leave()
    {
        Volatile.Write(ref _ended, age.GetTimestamp());
        Interlocked.Decrement(ref _running);
    }

    /// <summary>One evaluation under way.</summary>
    public readonly struct Evaluating(EvaluationLoad load) : IDisposable
    {
        public void Dispose() => load.Leave();
    }
}
