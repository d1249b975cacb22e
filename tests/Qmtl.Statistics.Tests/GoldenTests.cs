namespace Qmtl.Statistics.Tests;

/// <summary>Values produced by independent implementations for one short series of returns.</summary>
public sealed class GoldenTests
{
    internal static readonly double[] Returns = [.01, -.005, .007, .002, -.011, .015, 0, .004, -.003, .006];

    [Theory]
    [InlineData("sharpe_per_period_population", 0.34585723193303736)]
    [InlineData("max_drawdown_additive", 0.011)]
    [InlineData("win_rate", 0.6)]
    [InlineData("profit_factor", 2.3157894736842106)]
    [InlineData("car_mdd", 2.274222098076161)]
    [InlineData("rar_mdd", 31.441566539367034)]
    [InlineData("gain_to_pain_ratio", 1.3157894736842106)]
    [InlineData("time_under_water_ratio", 0.3)]
    [InlineData("max_time_under_water_bars", 1)]
    [InlineData("var_1pct", 0.01046)]
    [InlineData("es_1pct", 0.011)]
    [InlineData("dsr", 0.8395809227163288)]
    [InlineData("psr_vs_0", 0.8395809227163288)]
    [InlineData("sharpe_first_half_per_period_population", 0.07782369556149282)]
    [InlineData("sharpe_second_half_per_period_population", 0.7152816976385906)]
    [InlineData("total_return_additive", 0.025)]
    public void Report_GoldenReturns_HasTheGoldenValue(string name, double expected) => Assert.Equal(expected, ReturnReport.Of(Returns)[name]!.Value, 13);

    [Theory]
    [InlineData("el_v2_r2_up", .6325198115)]
    [InlineData("el_v2_spearman_rho", .8510677612)]
    [InlineData("el_v2_t_slope", 3.7107790384)]
    [InlineData("el_v2_t_slope_sig", 1)]
    [InlineData("el_v2_tvr", .2830188679)]
    [InlineData("el_v2_tuw", .4)]
    [InlineData("el_v2_nh_frac", .6)]
    [InlineData("el_v2_mdd_norm", .7333333284)]
    [InlineData("el_v2_score", .4821434394)]
    [InlineData("el_v1_straightness", .3725113038)]
    [InlineData("el_v1_monotonicity", .5555555556)]
    [InlineData("el_v1_new_high_frac", .6)]
    [InlineData("el_v1_score", .5100417797)]
    public void Report_GoldenReturns_HasTheGoldenLinearity(string name, double expected) => Assert.Equal(expected, ReturnReport.Of(Returns)[name]!.Value, 6e-11);

    [Theory]
    [InlineData(2, 0.681887)]
    [InlineData(5, 0.420796)]
    [InlineData(10, 0.280330)]
    [InlineData(15, 0.218300)]
    [InlineData(16, 0.209627)]
    [InlineData(20, 0.181947)]
    [InlineData(50, 0.099647)]
    [InlineData(100, 0.062041)]
    [InlineData(1000, 0.011837)]
    public void Deflated_GoldenTrials_HasTheGoldenValue(int trials, double expected) => Assert.Equal(expected, SharpeInference.Deflated(Returns, trials)!.Value, 5e-7);
}
