namespace Qmtl.Statistics;

/// <summary>How a report is computed.</summary>
/// <param name="BarsPerYear">Bars in a year. Null leaves what is annualised undefined.</param>
/// <param name="RiskFree">Risk-free return of one bar.</param>
/// <param name="CostPerPeriod">Cost subtracted from each return.</param>
/// <param name="Trials">How many strategies or parameter sets were tried.</param>
/// <param name="TrialVariance">Variance of the trials' Sharpe ratios of one bar. Null when not known.</param>
public sealed record ReturnReportOptions(
    double? BarsPerYear = null, double RiskFree = 0, double CostPerPeriod = 0, int Trials = 1, double? TrialVariance = null);

/// <summary>All statistics of one return series, by name and in order: what a metrics command prints and a pre-check reports.</summary>
public sealed class ReturnReport
{
    private readonly List<KeyValuePair<string, double?>> _statistics = [];

    private ReturnReport()
    {
    }

    /// <summary>Finite returns in the series.</summary>
    public int Count { get; private init; }

    /// <summary>Names and values; undefined values are null. Drawdowns and risk figures are positive.</summary>
    public IReadOnlyList<KeyValuePair<string, double?>> Statistics => _statistics;

    /// <summary>Whether there are gains and no losses, which leaves <c>profit_factor</c> undefined.</summary>
    public bool ProfitFactorIsInfinite { get; private init; }

    /// <summary>The statistic called <paramref name="name"/>; null when undefined.</summary>
    /// <exception cref="KeyNotFoundException">There is no such statistic.</exception>
    public double? this[string name]
    {
        get
        {
            foreach (var (key, value) in _statistics)
            {
                if (string.Equals(key, name, StringComparison.Ordinal)) return value;
            }

            throw new KeyNotFoundException($"The report has no statistic \"{name}\".");
        }
    }

    /// <summary>Computes the report. NaN and infinite returns are dropped first.</summary>
    public static ReturnReport Of(ReadOnlyMemory<double> returns, ReturnReportOptions? options = null)
    {
        options ??= new ReturnReportOptions();
        var r = Moments.Finite(returns).ToArray();
        if (options.CostPerPeriod != 0)
        {
            for (var i = 0; i < r.Length; i++) r[i] -= options.CostPerPeriod;
        }

        var report = new ReturnReport { Count = r.Length, ProfitFactorIsInfinite = ReturnStatistics.ProfitFactorIsInfinite(r) };
        report.AddPerformance(r, options);
        report.AddRisk(r, options);
        report.AddRobustness(r, options);
        report.AddLinearity(r);
        return report;
    }

    private void Add(string name, double? value) => _statistics.Add(KeyValuePair.Create(name, ReturnStatistics.Finite(value)));

    private void AddPerformance(double[] r, ReturnReportOptions options)
    {
        var year = options.BarsPerYear ?? double.NaN;
        Add("total_return", ReturnStatistics.TotalReturn(r));
        Add("total_return_additive", ReturnStatistics.TotalReturnAdditive(r));
        Add("avg_return", Moments.Mean(r));
        Add("cagr", ReturnStatistics.Cagr(r, year));
        Add("volatility_annual", ReturnStatistics.Volatility(r, year));
        Add("sharpe_per_period", ReturnStatistics.SharpePerPeriod(r, options.RiskFree));
        Add("sharpe_per_period_population", ReturnStatistics.SharpePerPeriodPopulation(r, options.RiskFree));
        Add("sharpe_annualised", ReturnStatistics.Sharpe(r, year, options.RiskFree));
        Add("sortino_annualised", ReturnStatistics.Sortino(r, year, options.RiskFree));
        Add("calmar", ReturnStatistics.Calmar(r, year));
        Add("win_rate", ReturnStatistics.WinRatio(r));
        Add("profit_factor", ReturnStatistics.ProfitFactor(r));
        Add("gain_to_pain_ratio", ReturnStatistics.GainToPain(r));
        Add("car_mdd", ReturnStatistics.ReturnOverMaxDrawdown(r));
        Add("rar_mdd", ReturnStatistics.SharpeOverMaxDrawdown(r, options.RiskFree));
        Add("martin_ratio", ReturnStatistics.Ratio(ReturnStatistics.Cagr(r, year), ReturnStatistics.Ulcer(r)));
        Add("recovery_factor", ReturnStatistics.Ratio(ReturnStatistics.TotalReturn(r), ReturnStatistics.MaxDrawdown(r)));
        Add("omega", TailStatistics.Omega(r, options.RiskFree));
        Add("payoff_ratio", OutcomeStatistics.PayoffRatio(r));
        Add("expectancy_ratio", OutcomeStatistics.ExpectancyRatio(r));
        Add("sqn", OutcomeStatistics.SystemQuality(r));
        Add("kelly_leverage", OutcomeStatistics.KellyLeverage(r, options.RiskFree));
        Add("kelly_fraction", OutcomeStatistics.KellyOfBets(r));
    }

    private void AddRisk(double[] r, ReturnReportOptions options)
    {
        Add("max_drawdown_additive", ReturnStatistics.MaxDrawdownAdditive(r));
        Add("max_drawdown_compounded", ReturnStatistics.MaxDrawdown(r));
        Add("ulcer_index", ReturnStatistics.Ulcer(r));
        Add("time_under_water_ratio", ReturnStatistics.TimeUnderWater(r));
        Add("max_time_under_water_bars", r.Length == 0 ? null : ReturnStatistics.MaxBarsUnderWater(r));
        Add("avg_drawdown", DrawdownTable.AverageDepth(r));
        Add("max_consecutive_losses", r.Length == 0 ? null : OutcomeStatistics.MaxConsecutiveLosses(r));
        Add("max_consecutive_wins", r.Length == 0 ? null : OutcomeStatistics.MaxConsecutiveWins(r));
        Add("tail_ratio", TailStatistics.TailRatio(r));
        Add("var_1pct", ReturnStatistics.ValueAtRisk(r));
        Add("es_1pct", ReturnStatistics.ExpectedShortfall(r));
        Add("var_5pct", ReturnStatistics.ValueAtRisk(r, 0.05));
        Add("es_5pct", ReturnStatistics.ExpectedShortfall(r, 0.05));
        Add("var_1pct_cornish_fisher", TailStatistics.CornishFisherValueAtRisk(r));
        Add("es_1pct_cornish_fisher", TailStatistics.CornishFisherShortfall(r));
        Add("skewness", Moments.Skewness(r));
        Add("kurtosis", Moments.Kurtosis(r));
        Add("effective_history_years", options.BarsPerYear is { } year ? r.Length / year : null);
    }

    private void AddRobustness(double[] r, ReturnReportOptions options)
    {
        var year = options.BarsPerYear ?? double.NaN;
        Add("psr_vs_0", SharpeInference.Probabilistic(r));
        Add("dsr", SharpeInference.Deflated(r, options.Trials, options.TrialVariance));
        Add("min_track_record_bars", SharpeInference.MinimumTrackRecord(r));
        var halves = SharpeStability.Halves(r, year);
        Add("sharpe_first_half", halves.First);
        Add("sharpe_second_half", halves.Second);
        var plain = SharpeStability.HalvesPerPeriodPopulation(r);
        Add("sharpe_first_half_per_period_population", plain.First);
        Add("sharpe_second_half_per_period_population", plain.Second);
        var folds = SharpeStability.CrossValidated(r, year);
        Add("cv_folds", folds?.Folds);
        Add("cv_sharpe_mean", folds?.Mean);
        Add("cv_sharpe_std", folds?.Deviation);
    }

    private void AddLinearity(double[] r)
    {
        var curve = EquityLinearity.Cumulative(r);
        var v1 = EquityLinearity.V1(curve);
        Add("el_v1_straightness", v1?.Straightness);
        Add("el_v1_monotonicity", v1?.Monotonicity);
        Add("el_v1_new_high_frac", v1?.NewHighFraction);
        Add("el_v1_score", v1?.Score);
        var v2 = EquityLinearity.V2(curve);
        Add("el_v2_r2_up", v2?.RSquaredUp);
        Add("el_v2_spearman_rho", v2?.SpearmanRho);
        Add("el_v2_t_slope", v2?.TSlope);
        Add("el_v2_t_slope_sig", v2?.TSlopeSignificance);
        Add("el_v2_tvr", v2?.TrendVariationRatio);
        Add("el_v2_tuw", v2?.TimeUnderWater);
        Add("el_v2_nh_frac", v2?.NewHighFraction);
        Add("el_v2_mdd_norm", v2?.NormalisedDrawdown);
        Add("el_v2_score", v2?.Score);
    }
}
