namespace Qmtl.Statistics.Tests.Portfolio;

public sealed class CovarianceTests
{
    /// <summary>Against the formulas of the two papers written out observation by observation.</summary>
    [Theory]
    [InlineData(1, 3, 40)]
    [InlineData(2, 8, 60)]
    [InlineData(3, 30, 25)]
    public void Estimate_AnySample_ShrinksAsThePapersSay(int seed, int assets, int periods)
    {
        var series = PortfolioData.Series(new Random(seed), assets, periods);
        var sample = Sample(series);
        var identity = CovarianceEstimator.Estimate(series, ShrinkageTarget.Identity);
        Assert.Equal(SlowIdentity(series, sample), identity.Shrinkage, 10);
        var constant = CovarianceEstimator.Estimate(series, ShrinkageTarget.ConstantCorrelation);
        Assert.Equal(SlowConstantCorrelation(series, sample), constant.Shrinkage, 10);
        Assert.InRange(constant.Shrinkage, 0.01, 1);
        for (var i = 0; i < assets; i++)
        {
            Assert.Equal(sample[i, i], constant.Matrix[i, i], 12);
            Assert.Equal(constant.Matrix[0, i], constant.Matrix[i, 0], 15);
        }
    }

    [Fact]
    public void Estimate_MoreAssetsThanPeriods_IsStillPositiveDefinite()
    {
        var series = PortfolioData.Series(new Random(5), 40, 25);
        foreach (var target in new[] { ShrinkageTarget.Identity, ShrinkageTarget.ConstantCorrelation })
        {
            Assert.NotNull(PortfolioRisk.ConditionNumber(CovarianceEstimator.Estimate(series, target).Matrix));
        }
    }

    [Fact]
    public void Estimate_TwoAssets_HaveOneCorrelationSoNothingIsShrunk()
    {
        var series = PortfolioData.Series(new Random(6), 2, 50);
        var estimate = CovarianceEstimator.Estimate(series);
        Assert.Equal((0.0, 50), (estimate.Shrinkage, estimate.Observations));
        Assert.Equal(Sample(series)[0, 1], estimate.Matrix[0, 1], 15);
    }

    [Theory]
    [InlineData(19, 2, ShrinkageTarget.ConstantCorrelation)]
    [InlineData(39, 20, ShrinkageTarget.None)]
    public void Estimate_TooFewObservations_IsRefused(int periods, int assets, ShrinkageTarget target)
    {
        var refused = Assert.Throws<PortfolioException>(() => CovarianceEstimator.Estimate(PortfolioData.Series(new Random(1), assets, periods), target));
        Assert.Equal(PortfolioFault.TooLittleData, refused.Fault);
    }

    [Fact]
    public void Estimate_SeriesThatCannotBeUsed_NameThemselves()
    {
        var good = PortfolioData.Series(new Random(1), 1, 30)[0];
        var flat = Enumerable.Repeat(0.1, 30).ToArray();
        Assert.Equal((PortfolioFault.NoVariance, 1), Refusal(good, flat));
        var broken = good.ToArray();
        broken[7] = double.NaN;
        Assert.Equal((PortfolioFault.InvalidInput, 1), Refusal(good, broken));
        Assert.Equal((PortfolioFault.InvalidInput, 1), Refusal(good, good[1..]));
    }

    [Fact]
    public void Validate_WhatIsNoCovariance_IsRefused()
    {
        Assert.Equal(PortfolioFault.NotACovariance, Assert.Throws<PortfolioException>(() => PortfolioRisk.Validate(new[,] { { 1.0, 0.5 }, { 0.4, 1.0 } })).Fault);
        Assert.Equal(PortfolioFault.NotACovariance, Assert.Throws<PortfolioException>(() => PortfolioRisk.Validate(new[,] { { 1.0, 1.2 }, { 1.2, 1.0 } })).Fault);
        Assert.Equal(PortfolioFault.NoVariance, Assert.Throws<PortfolioException>(() => PortfolioRisk.Validate(new[,] { { 1.0, 0.0 }, { 0.0, 0.0 } })).Fault);
        PortfolioRisk.Validate(new[,] { { 1.0, 1.0 }, { 1.0, 1.0 } });
    }

    private static (PortfolioFault Fault, int? Index) Refusal(params ReadOnlyMemory<double>[] series)
    {
        var refused = Assert.Throws<PortfolioException>(() => CovarianceEstimator.Estimate(series));
        return (refused.Fault, refused.Index);
    }

    private static double[,] Sample(ReadOnlyMemory<double>[] series)
    {
        var sample = new double[series.Length, series.Length];
        for (var i = 0; i < series.Length; i++)
        {
            for (var j = 0; j < series.Length; j++) sample[i, j] = Pairs(series, i, j).Average();
        }

        return sample;
    }

    private static double[] Pairs(ReadOnlyMemory<double>[] series, int i, int j) => [.. Centred(series[i]).Zip(Centred(series[j]), (x, y) => x * y)];

    private static double[] Centred(ReadOnlyMemory<double> values)
    {
        var mean = values.ToArray().Average();
        return [.. values.ToArray().Select(value => value - mean)];
    }

    private static double SlowIdentity(ReadOnlyMemory<double>[] series, double[,] sample)
    {
        var (n, periods) = (series.Length, series[0].Length);
        var mean = Enumerable.Range(0, n).Average(i => sample[i, i]);
        var d2 = All(n).Sum(p => Math.Pow(sample[p.I, p.J] - (p.I == p.J ? mean : 0), 2)) / n;
        var b2 = Enumerable.Range(0, periods).Sum(t => All(n).Sum(p => Math.Pow(Pairs(series, p.I, p.J)[t] - sample[p.I, p.J], 2)) / n) / periods / periods;
        return Math.Min(b2, d2) / d2;
    }

    private static double SlowConstantCorrelation(ReadOnlyMemory<double>[] series, double[,] s)
    {
        var (n, periods) = (series.Length, series[0].Length);
        var r = All(n).Where(p => p.I < p.J).Average(p => s[p.I, p.J] / Math.Sqrt(s[p.I, p.I] * s[p.J, p.J]));
        double Pi(int i, int j) => Pairs(series, i, j).Average(x => Math.Pow(x - s[i, j], 2));
        double Theta(int k, int i, int j) => Pairs(series, k, k).Zip(Pairs(series, i, j), (a, b) => (a - s[k, k]) * (b - s[i, j])).Average();
        var pi = All(n).Sum(p => Pi(p.I, p.J));
        var rho = Enumerable.Range(0, n).Sum(i => Pi(i, i)) + All(n).Where(p => p.I != p.J).Sum(p =>
            r / 2 * ((Math.Sqrt(s[p.J, p.J] / s[p.I, p.I]) * Theta(p.I, p.I, p.J)) + (Math.Sqrt(s[p.I, p.I] / s[p.J, p.J]) * Theta(p.J, p.I, p.J))));
        var gamma = All(n).Where(p => p.I != p.J).Sum(p => Math.Pow((r * Math.Sqrt(s[p.I, p.I] * s[p.J, p.J])) - s[p.I, p.J], 2));
        return Math.Clamp((pi - rho) / gamma / periods, 0, 1);
    }

    private static IEnumerable<(int I, int J)> All(int n) => from i in Enumerable.Range(0, n) from j in Enumerable.Range(0, n) select (i, j);
}
