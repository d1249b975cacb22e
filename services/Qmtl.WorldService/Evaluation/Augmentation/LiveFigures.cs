using Qmtl.Statistics;

namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>Returns that a strategy made live, oldest first.</summary>
/// <param name="Source">Where they came from, as the report says it.</param>
internal sealed record LiveReturns(double[] Values, double PeriodsPerYear, string Source);

/// <summary>
/// What a strategy's newest live returns say: the one computation behind evaluations of stage live and live monitoring, so that both judge by
/// the same numbers.
/// </summary>
/// <param name="Sharpe">Annualised Sharpe ratio; null below <see cref="MinPoints"/> returns.</param>
/// <param name="MaxDrawdown">Greatest compounded loss from a peak, 0 to 1.</param>
/// <param name="SharpeRatio">Live over backtest Sharpe ratio, both annualised; null unless that of the backtest is above zero.</param>
/// <param name="Points">Returns in the window.</param>
internal sealed record LiveFigures(double? Sharpe, double? MaxDrawdown, double? SharpeRatio, int Points, string Source)
{
    public const int StandardLookbackDays = 30;

    /// <summary>A Sharpe ratio over fewer returns is noise, so it counts as unknown; a window that holds fewer needs them all.</summary>
    public const int MinPoints = 20;

    private const double DaysPerYear = 365;

    public static readonly LiveFigures None = new(null, null, null, 0, "");

    /// <summary>Computes over the last <paramref name="lookbackDays"/> days, or what there is of them. Pure.</summary>
    /// <param name="lookbackDays">Days of the calendar; null means <see cref="StandardLookbackDays"/>.</param>
    /// <param name="backtestSharpe">Annualised Sharpe ratio of the backtest; null when unknown.</param>
    public static LiveFigures Of(LiveReturns? returns, int? lookbackDays, double? backtestSharpe)
    {
        if (returns is null || returns.Values.Length == 0) return None;
        var window = Math.Max(1, (int)Math.Round((lookbackDays ?? StandardLookbackDays) * returns.PeriodsPerYear / DaysPerYear));
        var values = returns.Values.AsSpan(Math.Max(0, returns.Values.Length - window));
        var sharpe = values.Length >= Math.Min(MinPoints, window) ? ReturnStatistics.Sharpe(values, returns.PeriodsPerYear) : null;
        return new LiveFigures(sharpe, ReturnStatistics.MaxDrawdown(values), sharpe is { } known ? BaselineRatios.Ratio(known, backtestSharpe) : null, values.Length, returns.Source);
    }

    /// <summary>By the names that rules know.</summary>
    public Dictionary<string, double> ToMetrics()
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        Add(metrics, "sharpe", Sharpe);
        Add(metrics, "max_drawdown", MaxDrawdown);
        if (SharpeRatio is { } ratio) metrics["live_vs_backtest_sharpe_ratio"] = ratio;
        return metrics;
    }

    private static void Add(Dictionary<string, double> metrics, string name, double? value)
    {
        if (value is not { } number || !double.IsFinite(number)) return;
        metrics["live_" + name] = number;
        metrics["realized_" + name] = number;
    }
}
