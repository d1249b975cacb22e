namespace Qmtl.Strategies.Tests;

/// <summary>Slow references: a function of the whole window, computed again on every bar.</summary>
internal static class RollingReference
{
    public delegate double Statistic(ReadOnlySpan<double> window);

    public delegate double PairStatistic(ReadOnlySpan<double> x, ReadOnlySpan<double> y);

    /// <summary>Missing unless all of the last <paramref name="period"/> values are there; what is not finite is missing.</summary>
    public static double[] Over(double[] values, int period, Statistic statistic) =>
        [.. values.Select((_, i) => Full(values, i, period) ? Finite(statistic(values.AsSpan(i + 1 - period, period))) : double.NaN)];

    public static double[] Over(double[] x, double[] y, int period, PairStatistic statistic) =>
        [.. x.Select((_, i) => Full(x, i, period) && Full(y, i, period)
            ? Finite(statistic(x.AsSpan(i + 1 - period, period), y.AsSpan(i + 1 - period, period)))
            : double.NaN)];

    private static bool Full(double[] values, int end, int period) => end + 1 >= period && !values.AsSpan(end + 1 - period, period).Contains(double.NaN);

    private static double Finite(double value) => double.IsFinite(value) ? value : double.NaN;
}
