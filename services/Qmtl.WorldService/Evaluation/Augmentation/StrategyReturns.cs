using Qmtl.V1;

namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>Returns of one strategy, one a bar, oldest first, and how often the bars tick.</summary>
/// <param name="Values">As fractions.</param>
/// <param name="PeriodsPerYear">Bars in a year.</param>
/// <param name="Start">When the first bar began, when known.</param>
/// <param name="End">When the last bar ended, when known.</param>
/// <param name="Source">Where they came from, as a run's diagnostics say it.</param>
internal sealed record StrategyReturns(double[] Values, double PeriodsPerYear, DateTimeOffset? Start, DateTimeOffset? End, string Source)
{
    // What producers reported before they said how often their data ticks: one bar a trading day.
    public const double DefaultPeriodsPerYear = 252;
    private const string FromReturns = "strategy.returns";
    private const string FromEquity = "strategy.equity";
    private const double SecondsPerYear = 365 * 86_400.0;

    /// <summary>Returns as given, else the steps of equity. Profit in currency is no return and is not taken for one.</summary>
    public static StrategyReturns Of(StrategySeries series, EvaluationData? data) => new(
        series.Returns.Count > 0 ? [.. series.Returns] : Steps(series.Equity),
        data?.PeriodsPerYear ?? DefaultPeriodsPerYear,
        data?.DataStart?.ToDateTimeOffset(),
        data?.DataEnd?.ToDateTimeOffset(),
        series.Returns.Count > 0 ? FromReturns : FromEquity);

    /// <summary>Whether a <see cref="Source"/> says that the series came with the request.</summary>
    public static bool IsReported(string? source) => source is FromReturns or FromEquity;

    /// <summary>Seconds of a bar: evenly over the time the data covers, or by the bars in a year where only that is known.</summary>
    public double SecondsPerBar => Start is { } start && End is { } end && Values.Length > 1 && end > start ? (end - start).TotalSeconds / Values.Length : SecondsPerYear / PeriodsPerYear;

    /// <summary>The newest returns ready to be stored, compressed before any transaction; null when there are none.</summary>
    public (int Points, byte[] Bytes)? Packed { get; private init; }

    /// <summary>The same with <see cref="Packed"/>.</summary>
    public StrategyReturns Pack(int maxPoints)
    {
        var newest = Values.AsSpan(Math.Max(0, Values.Length - maxPoints));
        return newest.IsEmpty ? this : this with { Packed = (newest.Length, Extended.SeriesBytes.Write(newest)) };
    }

    /// <summary>Epoch seconds at the end of each bar.</summary>
    public long[] Times()
    {
        var end = End?.ToUnixTimeSeconds() ?? 0;
        var step = SecondsPerBar;
        var times = new long[Values.Length];
        for (var i = 0; i < times.Length; i++) times[i] = end - (long)((times.Length - 1 - i) * step);
        return times;
    }

    private static double[] Steps(Google.Protobuf.Collections.RepeatedField<double> equity)
    {
        var returns = new double[Math.Max(0, equity.Count - 1)];
        for (var i = 0; i < returns.Length; i++) returns[i] = (equity[i + 1] / equity[i]) - 1;
        return returns;
    }
}
