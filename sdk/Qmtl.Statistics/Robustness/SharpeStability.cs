namespace Qmtl.Statistics;

/// <summary>Sharpe ratios of successive folds.</summary>
/// <param name="Folds">Number of folds.</param>
/// <param name="Mean">Mean of the folds' annualised Sharpe ratios.</param>
/// <param name="Deviation">Their population deviation.</param>
public readonly record struct FoldedSharpe(int Folds, double Mean, double Deviation);

/// <summary>Whether performance is spread over time or comes from one part of the sample.</summary>
public static class SharpeStability
{
    private const int MaxFolds = 5;
    private const int MinFoldLength = 30;

    /// <summary>
    /// Sharpe ratios of min(5, n / 30) contiguous folds, the last one taking the rest. Null below two folds, or when a fold has no deviation.
    /// </summary>
    public static FoldedSharpe? CrossValidated(ReadOnlySpan<double> returns, double barsPerYear)
    {
        var folds = Math.Min(MaxFolds, returns.Length / MinFoldLength);
        if (folds < 2) return null;
        var length = returns.Length / folds;
        Span<double> sharpes = stackalloc double[folds];
        for (var i = 0; i < folds; i++)
        {
            var fold = i == folds - 1 ? returns[(i * length)..] : returns.Slice(i * length, length);
            if (ReturnStatistics.Sharpe(fold, barsPerYear) is not { } sharpe) return null;
            sharpes[i] = sharpe;
        }

        return new FoldedSharpe(folds, Moments.Mean(sharpes)!.Value, Moments.PopulationDeviation(sharpes)!.Value);
    }

    /// <summary>Annualised Sharpe ratios of the first n / 2 returns and of the rest.</summary>
    public static (double? First, double? Second) Halves(ReadOnlySpan<double> returns, double barsPerYear) =>
        (ReturnStatistics.Sharpe(returns[..(returns.Length / 2)], barsPerYear), ReturnStatistics.Sharpe(returns[(returns.Length / 2)..], barsPerYear));

    /// <summary>Sharpe ratios of one bar (population deviation) of the first n / 2 returns and of the rest.</summary>
    public static (double? First, double? Second) HalvesPerPeriodPopulation(ReadOnlySpan<double> returns) =>
        (ReturnStatistics.SharpePerPeriodPopulation(returns[..(returns.Length / 2)]), ReturnStatistics.SharpePerPeriodPopulation(returns[(returns.Length / 2)..]));
}
