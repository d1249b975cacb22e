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

    /// <summary>How long one gateway holds a submission before another may take it over, which is also how long one attempt may take; 10 s.</summary>
    public TimeSpan HoldFor { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause before the second attempt; doubles with each one up to <see cref="LongestBackoff"/>.</summary>
    public TimeSpan FirstBackoff { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest pause between attempts.</summary>
    public TimeSpan LongestBackoff { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often work that was left behind is looked for.</summary>
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The pause after attempt <paramref name="attempt"/>, counted from 1.</summary>
    internal TimeSpan BackoffAfter(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestBackoff.TotalMilliseconds, FirstBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 30) - 1)));

    /// <summary>Why the values cannot be used, or null.</summary>
    public string? Problem()
    {
        if (DiffBudget <= TimeSpan.Zero) return $"{Section}:{nameof(DiffBudget)} must be above 0, was {DiffBudget}.";
        if (DryRunBudget <= TimeSpan.Zero) return $"{Section}:{nameof(DryRunBudget)} must be above 0, was {DryRunBudget}.";
        if (FirstBackoff <= TimeSpan.Zero || LongestBackoff < FirstBackoff) return $"{Section}:{nameof(FirstBackoff)} must be above 0 and at most {nameof(LongestBackoff)}, was {FirstBackoff} with {LongestBackoff}.";
        if (DedupeFor < TimeSpan.Zero) return $"{Section}:{nameof(DedupeFor)} must not be negative, was {DedupeFor}.";
        if (HoldFor < TimeSpan.FromSeconds(1)) return $"{Section}:{nameof(HoldFor)} must be at least 1 s, was {HoldFor}.";
        return SweepEvery > TimeSpan.Zero ? null : $"{Section}:{nameof(SweepEvery)} must be above 0, was {SweepEvery}.";
    }
}
