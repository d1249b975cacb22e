using Google.Protobuf.WellKnownTypes;
using Qmtl.Statistics;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation.Augmentation;

namespace Qmtl.WorldService.Evaluation.Extended;

/// <summary>What is too slow for the request: how far a run's Sharpe ratio can be trusted. Pure; equal series give equal results.</summary>
internal static class ExtendedChecks
{
    public const string Bootstrap = "extended_bootstrap";
    public const string Overfitting = "extended_overfitting";
    public const string RegimeDependence = "extended_regimes";

    // Newest bars drawn from: the interval of a longer sample is no wider than that of this many, and each draw costs its length.
    private const int BootstrapBars = 5_000;
    private const int Samples = 1_000;
    private const double TolerableOverfit = 0.5;

    /// <summary>The results, by name; what the series is too short for is left out.</summary>
    /// <param name="cohort">Series of the strategies judged under the same run id, this one among them.</param>
    public static IReadOnlyList<(string Name, RuleResult Result)> Compute(double[] returns, double periodsPerYear, IReadOnlyList<double[]> cohort)
    {
        var results = new List<(string, RuleResult)>();
        if (Interval(returns, periodsPerYear) is { } interval) results.Add((Bootstrap, interval));
        if (Overfit(returns, cohort) is { } overfit) results.Add((Overfitting, overfit));
        if (ByRegime(returns, periodsPerYear) is { } regimes) results.Add((RegimeDependence, regimes));
        return results;
    }

    /// <summary>Whether the 95 % interval of the Sharpe ratio, by the stationary bootstrap, lies above zero.</summary>
    private static RuleResult? Interval(double[] returns, double periodsPerYear)
    {
        var newest = returns.AsSpan(Math.Max(0, returns.Length - BootstrapBars));
        if (BlockBootstrap.SharpeInterval(newest, periodsPerYear, Samples) is not { } interval) return null;
        return Judge(interval.Low > 0, "sharpe_interval_ok", "sharpe_interval_includes_zero", "the 95 % interval of the Sharpe ratio reaches down to zero", ("sharpe", interval.Value), ("low", interval.Low), ("high", interval.High));
    }

    /// <summary>Whether the best of the cohort was rather chosen for its luck; null unless at least two series of the same length are there.</summary>
    private static RuleResult? Overfit(double[] returns, IReadOnlyList<double[]> cohort)
    {
        ReadOnlyMemory<double>[] trials = [.. cohort.Where(one => one.Length == returns.Length).Select(one => new ReadOnlyMemory<double>(one))];
        if (trials.Length < 2 || OverfitProbability.Of(trials) is not { } report) return null;
        return Judge(
            report.Probability <= TolerableOverfit, "overfit_probability_ok", "overfit_probability_high", "the best of the cohort is as likely as not below its median out of sample",
            ("probability", report.Probability), ("trials", trials.Length), ("splits", report.Splits));
    }

    /// <summary>Whether a strategy that gains altogether loses in one of the volatility regimes.</summary>
    private static RuleResult? ByRegime(double[] returns, double periodsPerYear)
    {
        var regimes = Regimes.Split(returns);
        if (regimes.Count == 0) return null;
        var facts = regimes.Select(pair => (pair.Key, Sharpe: ReturnStatistics.Sharpe(pair.Value, periodsPerYear))).Where(pair => pair.Sharpe is not null).Select(pair => (pair.Key, pair.Sharpe!.Value)).ToArray();
        var gains = Moments.Mean(returns) > 0;
        return Judge(!gains || Array.TrueForAll(facts, fact => fact.Value >= 0), "regimes_ok", "regime_dependent", "it gains altogether and loses in one of the volatility regimes", facts);
    }

    private static RuleResult Judge(bool passed, string okCode, string code, string reason, params ReadOnlySpan<(string Name, double Value)> facts)
    {
        var result = new RuleResult { Status = passed ? "pass" : "warn", Severity = "info", Owner = "quant", ReasonCode = passed ? okCode : code, Reason = passed ? "" : reason, Details = new Struct() };
        foreach (var (name, value) in facts)
        {
            if (double.IsFinite(value)) result.Details.Fields[name] = Value.ForNumber(value);
        }

        return result;
    }
}
