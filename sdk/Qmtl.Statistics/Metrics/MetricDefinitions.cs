namespace Qmtl.Statistics;

/// <summary>The table of all metrics.</summary>
internal static class MetricDefinitions
{
    public static readonly MetricDefinition[] All =
    [
        new("sample_days", MetricUnit.Days, "Days the returns cover.", w => w.Days),
        new("effective_history_years", MetricUnit.Years, "Days the returns cover / 365.", w => w.Days / 365),
        new("trades", MetricUnit.Count, "Closed round trips.", w => w.Trades?.Length, "num_trades", "n_trades_total"),
        new("n_trades_per_year", MetricUnit.Ratio, "Closed round trips a year.", w => ReturnStatistics.Ratio(w.Trades?.Length, w.Days / 365)),
        new("total_return", MetricUnit.Fraction, "Compounded return.", w => ReturnStatistics.TotalReturn(w.Returns.Span)),
        new("cagr", MetricUnit.Fraction, "Compound annual growth rate.", w => ReturnStatistics.Cagr(w.Returns.Span, w.BarsPerYear)),
        new("volatility", MetricUnit.Fraction, "Sample deviation, annualised.", w => ReturnStatistics.Volatility(w.Returns.Span, w.BarsPerYear)),
        new("sharpe", MetricUnit.Ratio, "Mean / sample deviation, annualised.", w => ReturnStatistics.Sharpe(w.Returns.Span, w.BarsPerYear, w.Input.RiskFree)),
        new("sharpe_per_period", MetricUnit.Ratio, "Mean / sample deviation of one bar.", w => ReturnStatistics.SharpePerPeriod(w.Returns.Span, w.Input.RiskFree)),
        new("sharpe_per_period_population", MetricUnit.Ratio, "Mean / population deviation of one bar.", w => ReturnStatistics.SharpePerPeriodPopulation(w.Returns.Span, w.Input.RiskFree)),
        new("sharpe_first_half", MetricUnit.Ratio, "Sharpe ratio of the first half.", w => SharpeStability.Halves(w.Returns.Span, w.BarsPerYear).First),
        new("sharpe_second_half", MetricUnit.Ratio, "Sharpe ratio of the second half.", w => SharpeStability.Halves(w.Returns.Span, w.BarsPerYear).Second),
        new("cv_sharpe_mean", MetricUnit.Ratio, "Mean Sharpe ratio of up to five folds.", w => SharpeStability.CrossValidated(w.Returns.Span, w.BarsPerYear)?.Mean),
        new("cv_sharpe_std", MetricUnit.Ratio, "Deviation of the folds' Sharpe ratios.", w => SharpeStability.CrossValidated(w.Returns.Span, w.BarsPerYear)?.Deviation),
        new("sortino", MetricUnit.Ratio, "Mean / downside deviation, annualised.", w => ReturnStatistics.Sortino(w.Returns.Span, w.BarsPerYear, w.Input.RiskFree), "sortino_ratio"),
        new("max_dd", MetricUnit.Fraction, "Largest fall of compounded equity from its peak, positive.", w => ReturnStatistics.MaxDrawdown(w.Returns.Span), "max_drawdown"),
        new("max_dd_additive", MetricUnit.Fraction, "Largest fall of the sum of returns from its peak, positive.", w => ReturnStatistics.MaxDrawdownAdditive(w.Returns.Span), "max_drawdown_additive"),
        new("calmar", MetricUnit.Ratio, "Annual growth / largest drawdown.", w => ReturnStatistics.Calmar(w.Returns.Span, w.BarsPerYear)),
        new("ulcer", MetricUnit.Fraction, "Root mean square drawdown.", w => ReturnStatistics.Ulcer(w.Returns.Span), "ulcer_index"),
        new("winrate", MetricUnit.Fraction, "Share of trades with a profit; of returns above zero when no trades are known.", WinRate, "win_rate"),
        new("win_ratio", MetricUnit.Fraction, "Share of returns above zero.", w => ReturnStatistics.WinRatio(w.Returns.Span)),
        new("profit_factor", MetricUnit.Ratio, "Profits / losses of trades; of returns when no trades are known.", ProfitFactor),
        new("gain_to_pain", MetricUnit.Ratio, "Sum of returns / sum of losses.", w => ReturnStatistics.GainToPain(w.Returns.Span), "gain_to_pain_ratio"),
        new("car_mdd", MetricUnit.Ratio, "Compounded return / additive drawdown.", w => ReturnStatistics.ReturnOverMaxDrawdown(w.Returns.Span)),
        new("rar_mdd", MetricUnit.Ratio, "Sharpe ratio of one bar (population) / additive drawdown.", w => ReturnStatistics.SharpeOverMaxDrawdown(w.Returns.Span, w.Input.RiskFree)),
        new("time_under_water", MetricUnit.Fraction, "Share of bars below the peak.", w => ReturnStatistics.TimeUnderWater(w.Returns.Span), "time_under_water_ratio"),
        new("turnover", MetricUnit.Ratio, "Equity turned over a year, buying and selling counted.", w => PositionStatistics.Turnover(Weights(w), w.BarsPerYear)),
        new("exposure", MetricUnit.Fraction, "Share of bars with a position.", w => PositionStatistics.Exposure(Weights(w)), "exposure_time"),
        new("dsr", MetricUnit.Probability, "Deflated Sharpe ratio over the trials made.", w => SharpeInference.Deflated(w.Returns.Span, w.Input.Trials, w.Input.TrialVariance), "deflated_sharpe_ratio"),
        new("psr", MetricUnit.Probability, "Probability that the true Sharpe ratio exceeds 0.", w => SharpeInference.Probabilistic(w.Returns.Span), "probabilistic_sharpe_ratio"),
        new("var", MetricUnit.Fraction, "Value at risk of one bar at 1%, positive.", w => ReturnStatistics.ValueAtRisk(w.Returns.Span), "var_p01"),
        new("es", MetricUnit.Fraction, "Expected shortfall of one bar at 1%, positive.", w => ReturnStatistics.ExpectedShortfall(w.Returns.Span), "es_p01"),
        new("skewness", MetricUnit.Ratio, "Population skewness of returns.", w => Moments.Skewness(w.Returns.Span)),
        new("kurtosis", MetricUnit.Ratio, "Population kurtosis of returns; 3 for a normal distribution.", w => Moments.Kurtosis(w.Returns.Span)),
        new("martin", MetricUnit.Ratio, "Annual growth / ulcer index (Martin 1987).", w => ReturnStatistics.Ratio(ReturnStatistics.Cagr(w.Returns.Span, w.BarsPerYear), ReturnStatistics.Ulcer(w.Returns.Span)), "martin_ratio"),
        new("recovery_factor", MetricUnit.Ratio, "Compounded return / largest compounded drawdown.", w => ReturnStatistics.Ratio(ReturnStatistics.TotalReturn(w.Returns.Span), ReturnStatistics.MaxDrawdown(w.Returns.Span))),
        new("avg_dd", MetricUnit.Fraction, "Mean depth of all drawdowns, positive.", w => DrawdownTable.AverageDepth(w.Returns.Span), "avg_drawdown"),
        new("omega", MetricUnit.Ratio, "Gains / losses against a return of 0 (Keating and Shadwick 2002).", w => TailStatistics.Omega(w.Returns.Span), "omega_ratio"),
        new("tail_ratio", MetricUnit.Ratio, "95% quantile / 5% quantile, in magnitude.", w => TailStatistics.TailRatio(w.Returns.Span)),
        new("var_cf", MetricUnit.Fraction, "Value at risk of one bar at 1% by the expansion of Cornish and Fisher, positive.", w => TailStatistics.CornishFisherValueAtRisk(w.Returns.Span)),
        new("es_cf", MetricUnit.Fraction, "Expected shortfall of one bar at 1% by the same expansion, positive.", w => TailStatistics.CornishFisherShortfall(w.Returns.Span)),
        new("kelly", MetricUnit.Ratio, "Mean / variance of one bar: the leverage of fastest growth (Thorp 2006).", w => OutcomeStatistics.KellyLeverage(w.Returns.Span, w.Input.RiskFree), "kelly_leverage"),
        new("payoff_ratio", MetricUnit.Ratio, "Mean profit / mean loss of trades; of returns when no trades are known.", w => OutcomeStatistics.PayoffRatio(Outcomes(w))),
        new("expectancy_ratio", MetricUnit.Ratio, "Mean profit of a trade in mean losses; of returns when no trades are known.", w => OutcomeStatistics.ExpectancyRatio(Outcomes(w))),
        new("sqn", MetricUnit.Ratio, "System quality number of trades (Tharp 2008), not capped; of returns when no trades are known.", w => OutcomeStatistics.SystemQuality(Outcomes(w))),
        new("max_consecutive_losses", MetricUnit.Count, "Longest run of losing trades; of returns when no trades are known.", w => OutcomeStatistics.MaxConsecutiveLosses(Outcomes(w))),
        new("min_trl", MetricUnit.Count, "Bars like these until the Sharpe ratio exceeds 0 with 95% confidence.", w => SharpeInference.MinimumTrackRecord(w.Returns.Span), "min_track_record"),
        new("el_v1_score", MetricUnit.Ratio, "Linearity of equity, version 1, 0 to 1.", w => EquityLinearity.V1(Curve(w))?.Score),
        new("el_v2_score", MetricUnit.Ratio, "Linearity of equity, version 2, 0 to 1.", w => EquityLinearity.V2(Curve(w))?.Score),
        new("el_v2_spearman_rho", MetricUnit.Ratio, "Rank correlation of equity with time.", w => EquityLinearity.V2(Curve(w))?.SpearmanRho),
        new("el_v2_t_slope", MetricUnit.Ratio, "t-statistic of the slope of equity.", w => EquityLinearity.V2(Curve(w))?.TSlope),
        new("el_v2_t_slope_sig", MetricUnit.Ratio, "min(|t| / 3, 1).", w => EquityLinearity.V2(Curve(w))?.TSlopeSignificance),
        new("adv_utilization_p95", MetricUnit.Fraction, "95th percentile of orders over average daily volume.", null),
        new("participation_rate_p95", MetricUnit.Fraction, "95th percentile of orders over bar volume.", null),
        new("correlation_avg", MetricUnit.Ratio, "Mean correlation with the other strategies of the world.", null),
        new("vs_benchmark_sharpe", MetricUnit.Ratio, "Sharpe ratio minus that of the world's benchmark.", null),
        new("live_sharpe", MetricUnit.Ratio, "Annualised Sharpe ratio of live returns over the policy's look-back.", null),
        new("live_max_drawdown", MetricUnit.Fraction, "Largest compounded drawdown of live returns over the policy's look-back, positive.", null),
        new("live_vs_backtest_sharpe_ratio", MetricUnit.Ratio, "live_sharpe / sharpe of the newest backtest, both annualised.", null),
    ];

    private static double? WinRate(MetricWindow w) => w.Trades is { } trades ? TradeStatistics.WinRate(trades) : ReturnStatistics.WinRatio(w.Returns.Span);

    private static double? ProfitFactor(MetricWindow w) => w.Trades is { } trades ? TradeStatistics.ProfitFactor(trades) : ReturnStatistics.ProfitFactor(w.Returns.Span);

    private static double[] Outcomes(MetricWindow w) => w.Trades is { } trades ? TradeStatistics.Profits(trades) : w.Returns.ToArray();

    private static ReadOnlySpan<double> Weights(MetricWindow w) => w.Weights is { } weights ? weights.Span : default;

    private static double[] Curve(MetricWindow w) => EquityLinearity.Cumulative(w.Returns.Span);
}
