namespace Qmtl.Statistics;

/// <summary>The compounded return of a calendar month or year.</summary>
/// <param name="Year">The year.</param>
/// <param name="Month">1 to 12; 0 for a whole year.</param>
/// <param name="Return">Π(1 + r) − 1 of its bars.</param>
/// <param name="Bars">How many bars it has.</param>
public readonly record struct PeriodReturn(int Year, int Month, double Return, int Bars);

/// <summary>Returns by calendar month and year, UTC. Their compounded product is that of the bars.</summary>
public static class PeriodReturns
{
    /// <summary>The months that have bars, in order.</summary>
    /// <param name="timestamps">Epoch seconds of each return, ascending.</param>
    /// <param name="returns">Returns, as many; what is not finite is passed over.</param>
    public static IReadOnlyList<PeriodReturn> Monthly(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> returns) =>
        Collect(timestamps, returns, static time => (time.Year, time.Month));

    /// <summary>The years that have bars, in order.</summary>
    /// <inheritdoc cref="Monthly"/>
    public static IReadOnlyList<PeriodReturn> Yearly(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> returns) =>
        Collect(timestamps, returns, static time => (time.Year, 0));

    private static List<PeriodReturn> Collect(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> returns, Func<DateTimeOffset, (int Year, int Month)> periodOf)
    {
        if (timestamps.Length != returns.Length) throw new ArgumentException($"There are {timestamps.Length} time stamps for {returns.Length} returns.", nameof(timestamps));
        var periods = new List<PeriodReturn>();
        for (var i = 0; i < returns.Length; i++)
        {
            if (!double.IsFinite(returns[i])) continue;
            var (year, month) = periodOf(DateTimeOffset.FromUnixTimeSeconds(timestamps[i]));
            if (periods.Count > 0 && periods[^1] is var last && last.Year == year && last.Month == month)
                periods[^1] = last with { Return = ((1 + last.Return) * (1 + returns[i])) - 1, Bars = last.Bars + 1 };
            else
                periods.Add(new PeriodReturn(year, month, returns[i], 1));
        }

        return periods;
    }
}
