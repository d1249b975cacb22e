using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Extended;
using Qmtl.WorldService.Evaluation.Profiles;

namespace Qmtl.WorldService.Evaluation.Sourcing;

/// <summary>What is known of one strategy besides metrics that the request or the store names.</summary>
/// <param name="Computed">Metrics computed from a series; empty when there is none.</param>
/// <param name="Derived">Metrics that the risk snapshot tells.</param>
/// <param name="Returns">The series; null when there is none.</param>
internal sealed record StrategyEvidence(
    IReadOnlyDictionary<string, double> Computed, IReadOnlyDictionary<string, double> Derived, StrategyReturns? Returns)
{
    public static readonly StrategyEvidence None = new(new Dictionary<string, double>(StringComparer.Ordinal), new Dictionary<string, double>(StringComparer.Ordinal), null);
}

/// <summary>Everything an evaluation computes before its transaction begins: on SQLite all writers stand behind one.</summary>
/// <param name="Evidence">By strategy; only those with any.</param>
/// <param name="Portfolio">The newest fresh risk snapshot; null when there is none.</param>
internal sealed record Preparation(
    EffectivePolicy Policy, IReadOnlyDictionary<string, StrategyEvidence> Evidence, PortfolioEvidence? Portfolio, WorldBenchmark? Benchmark)
{
    public StrategyEvidence Of(string strategyId) => Evidence.GetValueOrDefault(strategyId) ?? StrategyEvidence.None;

    /// <summary>The series by strategy.</summary>
    public IReadOnlyDictionary<string, StrategyReturns> Series() =>
        Evidence.Where(pair => pair.Value.Returns is not null).ToDictionary(pair => pair.Key, pair => pair.Value.Returns!, StringComparer.Ordinal);
}

/// <summary>Prepares evaluations. Pure but for its argument.</summary>
internal static class Preparing
{
    /// <summary>Computes what follows from the request, the policy and the snapshot alone.</summary>
    /// <param name="portfolio">The newest fresh risk snapshot; null when there is none.</param>
    public static Preparation Prepare(EvaluationCommand command, EffectivePolicy policy, PortfolioEvidence? portfolio, WorldBenchmark? benchmark)
    {
        var wanted = policy.Document.Slots.Names;
        var subjects = command.Subjects.ToHashSet(StringComparer.Ordinal);
        var evidence = new Dictionary<string, StrategyEvidence>(StringComparer.Ordinal);
        foreach (var strategy in command.Series.Keys.Union(portfolio is null ? [] : command.Subjects, StringComparer.Ordinal))
        {
            var returns = ReturnsOf(strategy, command, portfolio);
            var trials = Complexity.Trials(command.Metrics.GetValueOrDefault(strategy));
            var computed = returns is null ? [] : SeriesMeasures.Compute(returns, wanted, trials);
            var derived = portfolio is not null && subjects.Contains(strategy) ? portfolio.Derive(strategy) : [];
            if (command.Stage is "live" && LiveOf(strategy, portfolio, returns) is { } live)
            {
                foreach (var (name, value) in LiveMeasures.Compute(live, policy.Document.LiveMonitoring?.LookbackDays, null)) derived[name] = value;
            }

            evidence[strategy] = new StrategyEvidence(computed, derived, subjects.Contains(strategy) ? returns?.Pack(RunSeriesStore.MaxPoints) : returns);
        }

        var realized = portfolio?.RealizedReturns.GetValueOrDefault(WorldBenchmark.SeriesName);
        return new Preparation(policy, evidence, portfolio, realized is { Length: > 0 } ? new WorldBenchmark(realized, portfolio!.PeriodsPerYear) : benchmark);
    }

    /// <summary>The series of the request; else, where something really ran and the request measured nothing, what it realised.</summary>
    private static StrategyReturns? ReturnsOf(string strategy, EvaluationCommand command, PortfolioEvidence? portfolio)
    {
        if (command.Series.TryGetValue(strategy, out var series)) return StrategyReturns.Of(series, command.Data);
        if (command.Stage is "backtest" || command.Metrics.GetValueOrDefault(strategy) is { Count: > 0 }) return null;
        return RealizedOf(strategy, portfolio) is { Length: > 0 } realized
            ? new StrategyReturns(realized, portfolio!.PeriodsPerYear, null, portfolio.AsOf, "risk_hub:" + portfolio.Version)
            : null;
    }

    /// <summary>What it realised, by the hub where that knows, else by the series of the request.</summary>
    private static LiveReturns? LiveOf(string strategy, PortfolioEvidence? portfolio, StrategyReturns? returns) =>
        RealizedOf(strategy, portfolio) is { Length: > 0 } realized ? new LiveReturns(realized, portfolio!.PeriodsPerYear, "risk_hub:" + portfolio.Version)
        : returns is null ? null
        : new LiveReturns(returns.Values, returns.PeriodsPerYear, returns.Source);

    private static double[]? RealizedOf(string strategy, PortfolioEvidence? portfolio) => portfolio?.RealizedReturns.GetValueOrDefault(strategy);
}
