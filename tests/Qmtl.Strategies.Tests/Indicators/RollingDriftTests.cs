namespace Qmtl.Strategies.Tests;

/// <summary>The error of a window depends on the window, not on what was before it: the bounds that the documentation states.</summary>
public sealed class RollingDriftTests
{
    private const int Period = 20;

    // 2 n (n + 4) u, and one more rounding each for the division, the root and the reference.
    private const double Bound = 2.0 * Period * (Period + 4) * Unit, Unit = 1.1102230246251565e-16;

    [Fact]
    public void Rolling_TenMillionBarsAfterAHighStart_IsWithinTheBoundOfTheWindow()
    {
        var (x, y, values) = Run(10_000_000, bar => bar < 1_000 ? 1e9 : 100);

        AssertWithinBounds(x, y, values);
    }

    [Fact]
    public void Rolling_HighLevelAndSmallMoves_IsWithinTheSameBound()
    {
        // A price of 1e9 that moves by one: squares about zero or about a running mean would keep a few digits of the deviation.
        var (x, y, values) = Run(100_000, _ => 1e9);

        AssertWithinBounds(x, y, values);
    }

    [Fact]
    public void Expanding_TenMillionValues_IsRightToTheLastBits()
    {
        const int Count = 10_000_000;
        var plan = PlanOf(p => p.Close.CumulativeSum(), p => p.Close.ExpandingMean(), p => p.Close.ExpandingStdDev());
        var run = plan.Start(1_000);
        for (var block = 0; block < Count / 1_000; block++)
        {
            // The first value is far from all others; these go up and down by one in turn.
            for (var i = 0; i < 1_000; i++) run.Source(0)[i] = block + i == 0 ? 1e6 : i % 2 == 0 ? 0.1 : 1.1;
            run.Process(1_000);
        }

        var sum = Exact.Ratio(
            Exact.Of(1e6) + (Exact.Of(0.1) * ((Count / 2) - 1)) + (Exact.Of(1.1) * (Count / 2)), System.Numerics.BigInteger.One << 120);
        var mean = sum / Count;
        var variance = ((Math.Pow(1e6 - mean, 2) + (Math.Pow(0.1 - mean, 2) * ((Count / 2) - 1)) + (Math.Pow(1.1 - mean, 2) * (Count / 2))) / Count);
        Assert.Equal(sum, Last(plan, run, 0), 4 * Unit * sum);
        Assert.Equal(mean, Last(plan, run, 1), 2e9 * Unit * mean);
        Assert.Equal(Math.Sqrt(variance), Last(plan, run, 2), 1e-12 * Math.Sqrt(variance));
    }

    private static (double[] X, double[] Y, double[] Values) Run(int bars, Func<int, double> level)
    {
        var plan = PlanOf(
            p => p.Close.Sum(Period), p => p.Close.StdDev(Period), p => p.Close.Slope(Period), p => p.Close.Covariance(p.Open, Period), p => p.Close.Max(Period));
        var run = plan.Start(1_000);
        var random = new Random(4);
        var columns = plan.Sources.ToDictionary(source => source.Column, _ => new double[1_000], StringComparer.Ordinal);
        for (var block = 0; block < bars / 1_000; block++)
        {
            for (var i = 0; i < 1_000; i++)
            {
                columns["close"][i] = level((block * 1_000) + i) + random.NextDouble();
                columns["open"][i] = level((block * 1_000) + i) + random.NextDouble();
            }

            for (var source = 0; source < plan.Sources.Count; source++) columns[plan.Sources[source].Column].CopyTo(run.Source(source));
            run.Process(1_000);
        }

        return (columns["close"][^Period..], columns["open"][^Period..], [.. plan.Graph.Outputs.Select((_, i) => Last(plan, run, i))]);
    }

    private static void AssertWithinBounds(double[] x, double[] y, double[] values)
    {
        double[] places = [.. Enumerable.Range(0, Period).Select(i => (double)i)];
        var deviation = Math.Sqrt(Exact.CentralMoment(x, 2));
        var other = Math.Sqrt(Exact.CentralMoment(y, 2));
        var slope = Exact.Ratio(Exact.Products(x, places), Exact.Products(places, places));
        var covariance = Exact.Ratio(Exact.Products(x, y), new System.Numerics.BigInteger(Period * Period) << 240);

        Assert.Equal(Exact.Sum(x), values[0], Period * Unit * Exact.Sum(x));
        Assert.Equal(deviation, values[1], Bound * deviation);
        Assert.Equal(slope, values[2], Bound * deviation);
        Assert.Equal(covariance, values[3], Bound * deviation * other);
        Assert.Equal(x.Max(), values[4]);
    }

    private static ComputePlan PlanOf(params Func<PriceSeries, Series>[] expressions)
    {
        var builder = new StrategyBuilder("test", Compute.Universe);
        for (var i = 0; i < expressions.Length; i++) builder.Output($"y{i}", expressions[i](builder.Price()));
        return ComputePlan.For(builder.ToGraph());
    }

    private static double Last(ComputePlan plan, PlanRun run, int output) => run.Values(plan.Graph.Outputs[output].Index)[999];
}
