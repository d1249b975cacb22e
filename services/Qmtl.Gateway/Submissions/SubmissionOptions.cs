namespace Qmtl.Gateway.Submissions;

/// <summary>How submissions are taken in. Section <c>Gateway:Submissions</c>.</summary>
public sealed class SubmissionOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:Submissions";

    /// <summary>How long the same submission is refused as a duplicate; one hour.</summary>
    public TimeSpan DedupeFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long an answer waits for the diff; 100 ms. After that the answer carries no queues and the work goes on.</summary>
    public TimeSpan DiffBudget { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The same for a dry run, which has nothing to fall back on; 500 ms.</summary>
    public TimeSpan DryRunBudget { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long after the last sign of life of a gateway another takes its submissions over; 10 s. Signs come three times as often.</summary>
    public TimeSpan HoldFor { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt may take; 30 s.</summary>
    public TimeSpan AttemptFor { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Pause before the second attempt; doubles with each one up to <see cref="LongestBackoff"/>.</summary>
    public TimeSpan FirstBackoff { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest pause between attempts.</summary>
    public TimeSpan LongestBackoff { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often work that was left behind is looked for.</summary>
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The most submissions that share a transaction, a binding of their world, or the end of their work; 64.</summary>
    public int BatchSize { get; set; } = 64;

    /// <summary>The most submissions one gateway works on; 512. What comes on top waits in the store for whoever has room.</summary>
    public int MaxInFlight { get; set; } = 512;

    /// <summary>Batches one gateway works on at the same time; 4.</summary>
    public int Lanes { get; set; } = 4;

    /// <summary>The pause after attempt <paramref name="attempt"/>, counted from 1.</summary>
    internal TimeSpan BackoffAfter(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestBackoff.TotalMilliseconds, FirstBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 30) - 1)));

    /// <summary>Why the values cannot be used, or null.</summary>
    public string? Problem() =>
        NotPositive(DiffBudget, nameof(DiffBudget)) ?? NotPositive(DryRunBudget, nameof(DryRunBudget)) ?? NotPositive(SweepEvery, nameof(SweepEvery)) ?? NotPositive(AttemptFor, nameof(AttemptFor))
        ?? Outside(BatchSize, 1, 1_000, nameof(BatchSize)) ?? Outside(MaxInFlight, 1, 10_000, nameof(MaxInFlight)) ?? Outside(Lanes, 1, 64, nameof(Lanes)) ?? Times();

    private string? Times()
    {
        if (FirstBackoff <= TimeSpan.Zero || LongestBackoff < FirstBackoff) return $"{Section}:{nameof(FirstBackoff)} must be above 0 and at most {nameof(LongestBackoff)}, was {FirstBackoff} with {LongestBackoff}.";
        if (DedupeFor < TimeSpan.Zero) return $"{Section}:{nameof(DedupeFor)} must not be negative, was {DedupeFor}.";
        return HoldFor < TimeSpan.FromSeconds(1) ? $"{Section}:{nameof(HoldFor)} must be at least 1 s, was {HoldFor}." : null;
    }

    private static string? NotPositive(TimeSpan value, string name) => value > TimeSpan.Zero ? null : $"{Section}:{name} must be above 0, was {value}.";

    private static string? Outside(int value, int least, int most, string name) => value >= least && value <= most ? null : $"{Section}:{name} must be {least} to {most}, was {value}.";
}
