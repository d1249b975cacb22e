namespace Qmtl.Bench.Measuring;

/// <summary>The same work done by plain code and by QMTL. Both return what they found, which must agree.</summary>
/// <param name="Items">Items in one run.</param>
/// <param name="Baseline">The plain code.</param>
/// <param name="Ours">QMTL.</param>
/// <param name="Tolerance">The largest relative difference of results that rounding explains.</param>
internal sealed record Contest(long Items, Func<double[]> Baseline, Func<double[]> Ours, double Tolerance)
{
    /// <summary>Turns whose median counts.</summary>
    public const int Turns = 5;

    // Long enough for the compiler's last tier to have replaced what both sides run.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.8);

    // A turn shorter than this would measure the clock.
    private static readonly TimeSpan ShortestTurn = TimeSpan.FromMilliseconds(60);

    /// <summary>Both medians of one run, from turns that alternate so that a slow moment of the machine meets both sides.</summary>
    /// <exception cref="InvalidOperationException">The two sides found different results: the comparison would be worthless.</exception>
    public (TimeSpan Baseline, TimeSpan Ours) Measure(string name, CancellationToken cancellationToken)
    {
        if (FirstDisagreement() is { } disagreement) throw new InvalidOperationException($"{name}: {disagreement}");
        var baselineRuns = RunsPerTurn(Baseline);
        var ourRuns = RunsPerTurn(Ours);
        var (baseline, ours) = (new TimeSpan[Turns], new TimeSpan[Turns]);
        for (var turn = 0; turn < Turns; turn++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            baseline[turn] = Time(Baseline, baselineRuns);
            ours[turn] = Time(Ours, ourRuns);
        }

        return (Median(baseline), Median(ours));
    }

    /// <summary>Where the two sides differ by more than rounding, in words; null when they agree.</summary>
    public string? FirstDisagreement()
    {
        var (expected, found) = (Baseline(), Ours());
        if (expected.Length != found.Length) return $"the baseline found {expected.Length} results, QMTL {found.Length}";
        for (var i = 0; i < expected.Length; i++)
        {
            if (!Agree(expected[i], found[i])) return $"result {i} differs: the baseline found {expected[i]:R}, QMTL {found[i]:R}";
        }

        return null;
    }

    private bool Agree(double expected, double found) =>
        (double.IsNaN(expected) && double.IsNaN(found)) || Math.Abs(expected - found) <= Tolerance * Math.Max(1, Math.Max(Math.Abs(expected), Math.Abs(found)));

    private static int RunsPerTurn(Func<double[]> work)
    {
        var started = TimeProvider.System.GetTimestamp();
        var runs = 0;
        do
        {
            work();
            runs++;
        }
        while (TimeProvider.System.GetElapsedTime(started) < WarmUp);

        var once = Time(work, 1);
        return Math.Max(1, (int)Math.Ceiling(ShortestTurn / once));
    }

    private static TimeSpan Time(Func<double[]> work, int runs)
    {
        // What an earlier turn left behind is not this one's to collect.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < runs; i++) GC.KeepAlive(work());
        return TimeProvider.System.GetElapsedTime(started) / runs;
    }

    private static TimeSpan Median(TimeSpan[] times)
    {
        Array.Sort(times);
        return times[times.Length / 2];
    }
}

/// <summary>A benchmark that is a contest.</summary>
/// <param name="name">The name in the report.</param>
/// <param name="what">What both sides do.</param>
/// <param name="goal">What it has to reach.</param>
/// <param name="unit">The unit of the report.</param>
/// <param name="prepare">Makes the data, which is not measured.</param>
internal sealed class ContestBenchmark(string name, string what, Goal? goal, Unit unit, Func<Scale, Contest> prepare) : Benchmark(name, what, goal)
{
    public Contest Prepare(Scale scale) => prepare(scale);

    public override Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var contest = Prepare(scale);
        var (baseline, ours) = contest.Measure(Name, cancellationToken);
        return Task.FromResult<IReadOnlyList<Measurement>>(
            [new Measurement(Name, unit.Text, unit.Of(contest.Items, ours), unit.Of(contest.Items, baseline), baseline / ours, contest.Items)]);
    }
}
