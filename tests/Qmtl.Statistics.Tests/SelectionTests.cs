using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Statistics.Tests;

/// <summary>Quantiles by selection are those of the sorted values, to the last bit.</summary>
public sealed class SelectionTests
{
    private static readonly Arbitrary<int> Seeds = Gen.Choose(0, int.MaxValue - 1).ToArbitrary();

    [Fact]
    public void Quantile_OfAnyValues_IsThatOfTheSortedOnes() => Prop.ForAll(Seeds, CheckQuantile).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void SharpeInterval_IsThatOfSamplesWrittenDown() => Prop.ForAll(Seeds, CheckInterval).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void Quantile_OfOrderedOrUnfriendlyValues_IsThatOfTheSortedOnes(double p)
    {
        double[] rising = [.. Enumerable.Range(0, 5_000).Select(i => (double)i)];
        double[] pipes = [.. Enumerable.Range(0, 5_000).Select(i => (double)(i % 2 == 0 ? i : 5_000 - i))];
        double[] constant = [.. Enumerable.Repeat(0.25, 5_000)];
        foreach (var values in new[] { rising, [.. rising.Reverse()], pipes, constant }) Assert.Equal(Sorted(values, p), Moments.Quantile(values, p));
    }

    [Fact]
    public void Quantile_WithInfinities_IsThatOfTheSortedOnes()
    {
        double[] values = [3, double.PositiveInfinity, 1, double.NegativeInfinity, 2];

        Assert.Equal(2, Moments.Quantile(values, 0.5));
    }

    [Fact]
    public void SharpeInterval_OfAConstantSeries_IsUnknown() => Assert.Null(BlockBootstrap.SharpeInterval([0.01, 0.01, 0.01], 252));

    private static void CheckQuantile(int seed)
    {
        var random = new Random(seed);
        var distinct = random.Next(3) * random.Next(50);
        var values = new double[random.Next(1, 3_000)];
        for (var i = 0; i < values.Length; i++) values[i] = distinct is 0 ? random.NextDouble() - 0.5 : random.Next(distinct);
        var p = random.Next(101) / 100.0;

        Assert.Equal(Sorted(values, p), Moments.Quantile(values, p));
    }

    private static void CheckInterval(int seed)
    {
        var random = new Random(seed);
        double[] returns = [.. Enumerable.Range(0, random.Next(10, 400)).Select(_ => (random.NextDouble() - 0.45) * 0.02)];
        double periods = random.Next(1, 400);

        var written = BlockBootstrap.Interval(returns, sample => ReturnStatistics.Sharpe(sample.Span, periods), samples: 200)!.Value;
        var summed = BlockBootstrap.SharpeInterval(returns, periods, samples: 200)!.Value;

        Assert.Equal(written.Value, summed.Value);
        AssertClose(written.Low, summed.Low);
        AssertClose(written.High, summed.High);
    }

    private static void AssertClose(double expected, double actual) => Assert.InRange(Math.Abs(actual - expected), 0, 1e-6 * Math.Max(1, Math.Abs(expected)));

    private static double Sorted(double[] values, double p)
    {
        var sorted = (double[])values.Clone();
        Array.Sort(sorted);
        var at = (sorted.Length - 1) * p;
        var below = (int)at;
        return below + 1 >= sorted.Length ? sorted[^1] : sorted[below] + ((sorted[below + 1] - sorted[below]) * (at - below));
    }
}
