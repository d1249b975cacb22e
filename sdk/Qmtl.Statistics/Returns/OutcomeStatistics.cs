namespace Qmtl.Statistics;

/// <summary>Statistics over single outcomes: returns of bars, or profits of trades. Undefined values are null.</summary>
public static class OutcomeStatistics
{
    /// <summary>Mean gain / mean loss. Null without a loss or without a gain.</summary>
    public static double? PayoffRatio(ReadOnlySpan<double> outcomes) => ReturnStatistics.Ratio(MeanOf(outcomes, gains: true), -MeanOf(outcomes, gains: false));

    /// <summary>Mean outcome in units of the mean loss: what one can expect to gain for each unit at risk (Tharp). Null without a loss.</summary>
    public static double? ExpectancyRatio(ReadOnlySpan<double> outcomes) => ReturnStatistics.Ratio(Moments.Mean(outcomes), -MeanOf(outcomes, gains: false));

    /// <summary>System quality number: √n × mean / sample deviation, n not capped (Tharp 2008 caps it at 100). Null without deviation.</summary>
    public static double? SystemQuality(ReadOnlySpan<double> outcomes) =>
        ReturnStatistics.Ratio(Moments.Mean(outcomes) * Math.Sqrt(outcomes.Length), Moments.SampleDeviation(outcomes));

    /// <summary>Kelly's share of capital for bets that win or lose: W − (1 − W) / payoff ratio (Kelly 1956). Null without gains or losses.</summary>
    public static double? KellyOfBets(ReadOnlySpan<double> outcomes) =>
        ReturnStatistics.WinRatio(outcomes) is { } wins && PayoffRatio(outcomes) is { } payoff ? ReturnStatistics.Finite(wins - ((1 - wins) / payoff)) : null;

    /// <summary>Kelly's leverage for a continuous return: mean / sample variance (Thorp 2006). Null without deviation.</summary>
    public static double? KellyLeverage(ReadOnlySpan<double> returns, double riskFree = 0) =>
        Moments.SampleDeviation(returns) is { } deviation ? ReturnStatistics.Ratio(Moments.Mean(returns) - riskFree, deviation * deviation) : null;

    /// <summary>The longest run of outcomes below zero; one of exactly zero ends it.</summary>
    public static int MaxConsecutiveLosses(ReadOnlySpan<double> outcomes) => LongestRun(outcomes, sign: -1);

    /// <summary>The longest run of outcomes above zero.</summary>
    public static int MaxConsecutiveWins(ReadOnlySpan<double> outcomes) => LongestRun(outcomes, sign: 1);

    private static int LongestRun(ReadOnlySpan<double> outcomes, int sign)
    {
        int run = 0, longest = 0;
        foreach (var outcome in outcomes)
        {
            run = outcome * sign > 0 ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }

    private static double? MeanOf(ReadOnlySpan<double> outcomes, bool gains)
    {
        var sum = 0.0;
        var count = 0;
        foreach (var outcome in outcomes)
        {
            if (gains ? outcome <= 0 : outcome >= 0) continue;
            sum += outcome;
            count++;
        }

        return count == 0 ? null : sum / count;
    }
}
