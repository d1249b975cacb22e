using Qmtl.Testing;
using static Qmtl.Strategies.Tests.AverageReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Filters and volatility models against their formulas.</summary>
public sealed class ModelTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("kalman", "", b => [("kalman", Kalman(b.Close, 1e-5, 1e-2, 1))]),
        new("kalman", "q=0.5 r=20 p0=0 price=open", b => [("kalman", Kalman(b.Open, 0.5, 20, 0))]),
        new("kalman_trend", "", b => KalmanTrend(b.Close, 1e-5, 1e-6, 1e-2, 1)),
        new("kalman_trend", "q_level=0 q_slope=0.01 r=3 p0=10", b => KalmanTrend(b.Close, 0, 0.01, 3, 10)),
        new("garch", "", b => [("garch", Garch(b.Close, 2e-6, 0.1, 0.88, 20))], Scale: 1e-9),
        new("garch", "omega=0.00001 alpha=0.2 beta=0.5 seed=2", b => [("garch", Garch(b.Close, 1e-5, 0.2, 0.5, 2))], Scale: 1e-9),
        new("ewma_volatility", "", b => [("ewma_volatility", Garch(b.Close, 0, 0.06, 0.94, 20))], Scale: 1e-9),
        new("hurst", "", b => [("hurst", Hurst(b.Close, 100, [1, 2, 4, 8, 16]))], Scale: 1),
        new("hurst", "period=30 max_lag=15", b => [("hurst", Hurst(b.Close, 30, [1, 2, 4, 8]))], Scale: 1),
    ];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, AllCases.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_RandomWalk_EqualsTheFormula(int number) => AllCases[number].Check(TestBars.Walk());

    [RequiresFact(Needs.MarketData)]
    public void Compute_RealBars_EqualsTheFormula()
    {
        foreach (var file in new[] { "crypto/1m/BTC-PERP.csv", "equity/1d/SPY.csv", "fx/1h/EURUSD.csv" })
            foreach (var indicator in AllCases) indicator.Check(TestBars.Real(file, 2_000));
    }

    [Fact]
    public void Kalman_NoiseAroundAConstant_FindsTheConstant()
    {
        var random = new Random(5);
        var noisy = Enumerable.Range(0, 5_000).Select(_ => 50 + random.NextDouble() - 0.5).ToArray();

        var level = TestBars.Columns("kalman", GivenBars.Closes(noisy), ("q", "0"), ("r", "0.0833"))["kalman"];

        // Without moves of its own the level is the mean of all values, here of 5000 with deviation 0.29.
        Assert.Equal(50, level[^1], 0.02);
    }

    [Fact]
    public void KalmanTrend_StraightLine_FindsLevelAndSlope()
    {
        var line = Enumerable.Range(0, 500).Select(i => 10 + (0.25 * i)).ToArray();

        var columns = TestBars.Columns("kalman_trend", GivenBars.Closes(line));

        Assert.Equal(line[^1], columns["level"][^1], 1e-6);
        Assert.Equal(0.25, columns["slope"][^1], 1e-6);
    }

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(0.9, 0.94)]
    [InlineData(-0.3, 0.375)]
    public void Hurst_ChangesThatGoOnOrTurnBack_IsAboveOrBelowOneHalf(double memory, double expected)
    {
        // Of changes that remember the share m of the one before, the sum of k has k (1 + m) / (1 - m) - 2 m (1 - m^k) / (1 - m)^2 times the variance of one;
        // half the slope of its logarithm over k = 1, 2, 4, 8 is expected.
        var random = new Random(2);
        var (log, change) = (Math.Log(100), 0.0);
        var price = new double[5_000];
        for (var i = 0; i < price.Length; i++)
        {
            change = (memory * change) + (0.001 * (random.NextDouble() - 0.5));
            log += change;
            price[i] = Math.Exp(log);
        }

        var hurst = TestBars.Columns("hurst", GivenBars.Closes(price), ("period", "4000"), ("max_lag", "8"))["hurst"];

        Assert.Equal(expected, hurst[^1], 0.04);
    }

    [Theory]
    [InlineData("kalman", "kalman")]
    [InlineData("kalman_trend", "level")]
    public void Kalman_AfterOverflow_StartsAgain(string indicator, string column)
    {
        var bars = GivenBars.Closes(double.MaxValue, -double.MaxValue, double.NaN, 7, 7);

        var level = TestBars.Columns(indicator, bars)[column];

        Assert.Equal([double.MaxValue, double.NaN, double.NaN, 7, 7], level);
    }

    [Fact]
    public void Garch_PriceMissingOrNotAboveZero_ChangesNothingAndTheNextReturnSpansTheGap()
    {
        double[] clean = [100, 101, 99, 102, 103, 101];
        double[] dirty = [100, 101, double.NaN, 99, 102, 0, -3, 103, 101];

        var expected = TestBars.Columns("garch", GivenBars.Closes(clean), ("seed", "2"))["garch"];
        var actual = TestBars.Columns("garch", GivenBars.Closes(dirty), ("seed", "2"))["garch"];

        Assert.Equal(expected, new[] { actual[0], actual[1], actual[3], actual[4], actual[7], actual[8] });
        Assert.All([2, 5, 6], i => Assert.True(double.IsNaN(actual[i])));
    }

    [Fact]
    public void Garch_LongFlatMarket_ComesToTheLongRunVarianceOfNoSurprise()
    {
        double[] close = [100, 101, 102, .. Enumerable.Repeat(102.0, 2_000)];

        var deviation = Compute.Values(p => p.Close.Garch(1e-6, 0.1, 0.8, 2), GivenBars.Closes(close));

        // Without returns the recursion is v = omega + beta v, so v = omega / (1 - beta).
        Assert.Equal(Math.Sqrt(1e-6 / 0.2), deviation[^1], 1e-12);
    }

    [Fact]
    public void EwmaVolatility_AsGarchWithoutOmega_IsTheSameNode()
    {
        var graph = Compute.GraphOf(p => p.Close.EwmaVolatility(0.75) - p.Close.Garch(0, 0.25, 0.75));

        Assert.Single(graph.Nodes, node => node.Name!.StartsWith("garch", StringComparison.Ordinal));
    }

    [Fact]
    public void Garch_MoreThanAllWeight_IsRefused()
    {
        var refusal = Assert.Throws<Identity.RefusalException>(() => Compute.GraphOf(p => p.Close.Garch(0, 0.2, 0.9)));

        Assert.Contains("beta must be a number 0..0.8, was 0.9", refusal.Message, StringComparison.Ordinal);
    }

    private static double[] Kalman(double[] z, double q, double r, double p)
    {
        var x = new double[z.Length];
        x[0] = z[0];
        for (var i = 1; i < z.Length; i++)
        {
            p += q;
            var k = p / (p + r);
            x[i] = x[i - 1] + (k * (z[i] - x[i - 1]));
            p *= 1 - k;
        }

        return x;
    }

    private static double[] Hurst(double[] price, int n, int[] lags)
    {
        var log = price.Select(p => Math.Log(p)).ToArray();
        return [.. log.Select((_, i) =>
        {
            if (i < n - 1 + lags[^1]) return double.NaN;
            var x = lags.Select(lag => Math.Log(lag)).ToArray();
            var y = lags.Select(lag => Math.Log(Math.Sqrt(Enumerable.Range(i - n + 1, n).Sum(j => Math.Pow(log[j] - log[j - lag], 2)) / n))).ToArray();
            var (meanX, meanY) = (x.Average(), y.Average());
            var slope = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
            return double.IsFinite(slope) ? slope : double.NaN;
        })];
    }

    // The textbook filter with 2 x 2 matrices: x = F x, P = F P F' + Q; K = P H' / (H P H' + r); x += K (z - H x); P = (I - K H) P (I - K H)' + K r K'.
    private static (string, double[])[] KalmanTrend(double[] z, double qLevel, double qSlope, double r, double p0)
    {
        var (level, slope) = (new double[z.Length], new double[z.Length]);
        double[,] f = { { 1, 1 }, { 0, 1 } }, q = { { qLevel, 0 }, { 0, qSlope } }, p = { { p0, 0 }, { 0, p0 } };
        level[0] = z[0];
        for (var i = 1; i < z.Length; i++)
        {
            p = Plus(Times(Times(f, p), Transposed(f)), q);
            double[] k = [p[0, 0] / (p[0, 0] + r), p[1, 0] / (p[0, 0] + r)];
            var predicted = level[i - 1] + slope[i - 1];
            level[i] = predicted + (k[0] * (z[i] - predicted));
            slope[i] = slope[i - 1] + (k[1] * (z[i] - predicted));
            double[,] rest = { { 1 - k[0], 0 }, { -k[1], 1 } }, noise = { { k[0] * k[0] * r, k[0] * k[1] * r }, { k[0] * k[1] * r, k[1] * k[1] * r } };
            p = Plus(Times(Times(rest, p), Transposed(rest)), noise);
        }

        return [("level", level), ("slope", slope)];
    }

    private static double[,] Plus(double[,] a, double[,] b) => new[,] { { a[0, 0] + b[0, 0], a[0, 1] + b[0, 1] }, { a[1, 0] + b[1, 0], a[1, 1] + b[1, 1] } };

    private static double[,] Transposed(double[,] a) => new[,] { { a[0, 0], a[1, 0] }, { a[0, 1], a[1, 1] } };

    private static double[,] Times(double[,] a, double[,] b)
    {
        double At(int i, int j) => (a[i, 0] * b[0, j]) + (a[i, 1] * b[1, j]);
        return new[,] { { At(0, 0), At(0, 1) }, { At(1, 0), At(1, 1) } };
    }

    private static double[] Garch(double[] price, double omega, double alpha, double beta, int seed)
    {
        var r = price.Select((p, i) => i == 0 ? double.NaN : Math.Log(p) - Math.Log(price[i - 1])).ToArray();
        var variance = Missing(price.Length);
        var mean = r[1..(seed + 1)].Average();
        variance[seed] = r[1..(seed + 1)].Sum(x => (x - mean) * (x - mean)) / (seed - 1);
        for (var i = seed + 1; i < r.Length; i++) variance[i] = omega + (alpha * r[i] * r[i]) + (beta * variance[i - 1]);
        return Map(variance, Math.Sqrt);
    }
}
