using Qmtl.Identity;
using Qmtl.Testing;

namespace Qmtl.Strategies.Tests;

/// <summary>The rolling indicators by name: columns, conventions, and each against its formula.</summary>
public sealed class RollingIndicatorTests
{
    [Theory]
    [InlineData("bollinger", "middle,upper,lower", "period,k,price")]
    [InlineData("donchian", "upper,lower,middle", "period")]
    [InlineData("ulcer", "ulcer", "period,price")]
    [InlineData("stddev", "stddev", "period,sample,price")]
    [InlineData("variance", "variance", "period,sample,price")]
    [InlineData("skew", "skew", "period,sample,price")]
    [InlineData("kurt", "kurt", "period,sample,price")]
    [InlineData("zscore", "zscore", "period,sample,price")]
    [InlineData("min", "min", "period,price")]
    [InlineData("max", "max", "period,price")]
    [InlineData("median", "median", "period,price")]
    [InlineData("mad", "mad", "period,price")]
    [InlineData("quantile", "quantile", "period,q,price")]
    [InlineData("percent_rank", "percent_rank", "period,price")]
    [InlineData("slope", "slope", "period,price")]
    [InlineData("linreg", "linreg", "period,price")]
    [InlineData("tsf", "tsf", "period,price")]
    [InlineData("r_squared", "r_squared", "period,price")]
    [InlineData("correlation", "correlation", "period,x,y")]
    [InlineData("beta", "beta", "period,x,y")]
    [InlineData("cumulative_max", "cumulative_max", "price")]
    [InlineData("cumulative_min", "cumulative_min", "price")]
    [InlineData("drawdown", "drawdown", "price")]
    public void Create_ByName_HasTheseColumnsAndParameters(string name, string columns, string parameters)
    {
        var indicator = IndicatorCatalog.Create(name);

        Assert.Equal(columns, string.Join(',', indicator.Compute(TestBars.Walk(5), 60).Select(column => column.Name)));
        Assert.Equal(parameters, string.Join(',', indicator.Parameters.Select(parameter => parameter.Name)));
    }

    [Theory]
    [InlineData("bollinger", 19)]
    [InlineData("donchian", 19)]
    [InlineData("ulcer", 26)]
    [InlineData("zscore", 19)]
    [InlineData("skew", 29)]
    [InlineData("slope", 13)]
    [InlineData("correlation", 29)]
    [InlineData("percent_rank", 100)]
    [InlineData("drawdown", 0)]
    public void Compile_Defaults_FirstValueComesOnThisBar(string name, int bar) =>
        Assert.Equal(bar, IndicatorCatalog.Create(name).Compile(Compute.Universe).Warmup);

    [Fact]
    public void Indicators_RandomWalk_AreTheirFormulas() => AssertFormulas(TestBars.Walk(700));

    [RequiresFact(Needs.MarketData)]
    public void Indicators_RealBars_AreTheirFormulas()
    {
        foreach (var file in new[] { "crypto/1m/BTC-PERP.csv", "equity/1d/SPY.csv", "fx/1h/EURUSD.csv" }) AssertFormulas(TestBars.Real(file, 2_000));
    }

    [Fact]
    public void Expanding_RandomWalkWithMissingBars_IsTheFormulaOverAllPresentValues()
    {
        var bars = new RandomBars(21, 500);
        var close = bars["close"];
        void AssertHistory(Func<Series, Series> operation, Func<double[], double> formula)
        {
            var expected = close.Select((value, i) => double.IsNaN(value) ? double.NaN : formula([.. close[..(i + 1)].Where(x => !double.IsNaN(x))])).ToArray();
            TestBars.Near(expected, Compute.Values(p => operation(p.Close), bars));
        }

        AssertHistory(x => x.ExpandingMean(), history => Exact.Mean(history));
        AssertHistory(x => x.ExpandingVariance(), history => Exact.CentralMoment(history, 2));
        AssertHistory(x => x.ExpandingVariance(sample: true), history => history.Length < 2 ? double.NaN : Exact.CentralMoment(history, 2) * history.Length / (history.Length - 1));
        AssertHistory(x => x.ExpandingStdDev(), history => Math.Sqrt(Exact.CentralMoment(history, 2)));
        AssertHistory(
            x => x.ExpandingStdDev(sample: true),
            history => history.Length < 2 ? double.NaN : Math.Sqrt(Exact.CentralMoment(history, 2) * history.Length / (history.Length - 1)));
        AssertHistory(x => x.CumulativeSum(), history => Exact.Sum(history));
        AssertHistory(x => (x / 50.0).CumulativeProduct(), history => history.Aggregate(1.0, (product, value) => product * (value / 50.0)));
        AssertHistory(x => x.CumulativeMax(), history => history.Max());
        AssertHistory(x => x.CumulativeMin(), history => history.Min());
        AssertHistory(x => x.Drawdown(), history => history.Max() is var peak && peak > 0 ? (peak - history[^1]) / peak : double.NaN);
    }

    [Fact]
    public void Bands_OfBollinger_SayHowWideAndWhereThePriceStands()
    {
        var bars = TestBars.Walk(300);
        var (middle, upper, lower) = (Values(p => p.Bollinger(10, 1.5).Middle), Values(p => p.Bollinger(10, 1.5).Upper), Values(p => p.Bollinger(10, 1.5).Lower));
        var close = bars.FindColumn("close")!.Value.ToArray();
        double[] Values(Func<PriceSeries, Series> expression) => Compute.Values(expression, bars);

        TestBars.Near([.. close.Select((_, i) => (upper[i] - lower[i]) / middle[i])], Values(p => p.Bollinger(10, 1.5).Bandwidth));
        TestBars.Near([.. close.Select((x, i) => (x - lower[i]) / (upper[i] - lower[i]))], Values(p => p.Bollinger(10, 1.5).PercentB(p.Close)));
        Assert.Equal([.. close.Select((x, i) => x > upper[i] ? 1.0 : 0.0).Skip(9)], Values(p => (p.Bollinger(10, 1.5).PercentB(p.Close) > 1.0).AsSeries())[9..]);
    }

    [Fact]
    public void Donchian_PresentBar_IsPartOfTheChannel()
    {
        var bars = TestBars.Walk(300);

        var inside = Compute.Values(p => ((p.High <= p.Donchian(7).Upper) & (p.Low >= p.Donchian(7).Lower)).AsSeries(), bars);
        var breakouts = Compute.Values(p => (p.Close > p.Donchian(7).Upper[-1]).AsSeries(), bars);

        Assert.All(inside[6..], value => Assert.Equal(1, value));
        Assert.Contains(1.0, breakouts);
    }

    [Fact]
    public void Median_OfAnEvenNumber_IsTheMeanOfTheMiddleTwo() =>
        Assert.Equal([double.NaN, double.NaN, double.NaN, 2.5, 2.5, 5.5], TestBars.Columns("median", Given([4, 1, 2, 3, 9, 8]), ("period", "4"))["median"]);

    [Fact]
    public void BarsSince_EqualValues_CountToTheNewest()
    {
        Assert.Equal([double.NaN, double.NaN, 0, 1, 0], Compute.Values(p => p.Close.ArgMax(3), Given([5, 1, 5, 2, 5])));
        Assert.Equal([double.NaN, double.NaN, 1, 2, 1], Compute.Values(p => p.Close.ArgMin(3), Given([5, 1, 5, 2, 5])));
    }

    [Theory]
    [InlineData("stddev", "period", "1", "The parameter period must be a whole number 2..10000, was 1.")]
    [InlineData("kurt", "period", "3", "The parameter period must be a whole number 4..10000, was 3.")]
    [InlineData("percent_rank", "period", "10000", "The parameter period must be a whole number 1..9999, was 10000.")]
    [InlineData("quantile", "q", "1.5", "The parameter q must be a number 0..1, was 1.5.")]
    [InlineData("bollinger", "k", "0", "The parameter k must be a number 0.01..100, was 0.")]
    public void With_ParameterOutsideItsRange_IsRefused(string indicator, string name, string value, string message) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => TestBars.Columns(indicator, TestBars.Walk(5), (name, value))).Message);

    [Fact]
    public void Methods_ArgumentOutsideItsRange_NameTheNodeAndTheArgument()
    {
        AssertRefused("stddev(close(X@1m)): period must be a whole number 1..10000, was 0.", p => p.Close.StdDev(0));
        AssertRefused("sample_stddev(close(X@1m)): period must be a whole number 2..10000, was 1.", p => p.Close.StdDev(1, sample: true));
        AssertRefused("rolling_quantile(close(X@1m)): q must be a number 0..1, was NaN.", p => p.Close.Quantile(5, double.NaN));
        AssertRefused("bollinger(close(X@1m)): k must be a positive number, was -2.", p => p.Close.Bollinger(20, -2).Upper);
        AssertRefused("correlation(close(X@1m)): period must be a whole number 2..10000, was 10001.", p => p.Close.Correlation(p.Open, 10_001));
    }

    [Fact]
    public void NodeId_PopulationAndSample_AreNodesOfTheirOwn()
    {
        static string Id(Func<PriceSeries, Series> expression) => Compute.GraphOf(expression).Nodes[^1].NodeId!;

        Assert.NotEqual(Id(p => p.Close.StdDev(20)), Id(p => p.Close.StdDev(20, sample: true)));
        Assert.NotEqual(Id(p => p.Close.Beta(p.Open, 20)), Id(p => p.Open.Beta(p.Close, 20)));
        Assert.NotEqual(Id(p => p.Close.Quantile(20, 0.1)), Id(p => p.Close.Quantile(20, 0.9)));
        Assert.Equal(Id(p => p.Close.Median(20)), Id(p => p.Close.Quantile(20, 0.5)));
    }

    private static void AssertFormulas(Data.BarSeries bars)
    {
        double[] Column(string name) => bars.FindColumn(name)!.Value.ToArray();
        var close = Column("close");
        void AssertColumns(string indicator, params (string Name, double[] Expected)[] columns)
        {
            var actual = TestBars.Columns(indicator, bars);
            foreach (var (name, expected) in columns) TestBars.Near(expected, actual[name]);
        }

        var mean = RollingReference.Over(close, 20, Exact.Mean);
        var deviation = RollingReference.Over(close, 20, window => Math.Sqrt(Exact.CentralMoment(window, 2)));
        AssertColumns("bollinger", ("middle", mean), ("upper", [.. mean.Zip(deviation, (m, d) => m + (2 * d))]), ("lower", [.. mean.Zip(deviation, (m, d) => m - (2 * d))]));
        AssertColumns("zscore", ("zscore", [.. close.Select((x, i) => deviation[i] == 0 ? double.NaN : (x - mean[i]) / deviation[i])]));

        var upper = RollingReference.Over(Column("high"), 20, window => window.ToArray().Max());
        var lower = RollingReference.Over(Column("low"), 20, window => window.ToArray().Min());
        AssertColumns("donchian", ("upper", upper), ("lower", lower), ("middle", [.. upper.Zip(lower, (u, l) => (u + l) / 2)]));

        var peaks = RollingReference.Over(close, 14, window => window.ToArray().Max());
        double[] below = [.. close.Zip(peaks, (x, peak) => 100 * (x - peak) / peak)];
        AssertColumns("ulcer", ("ulcer", RollingReference.Over(below, 14, window => Math.Sqrt(window.ToArray().Sum(d => d * d) / window.Length))));
        AssertColumns("drawdown", ("drawdown", [.. close.Select((x, i) => 1 - (x / close[..(i + 1)].Max()))]));
        AssertColumns("cumulative_max", ("cumulative_max", [.. close.Select((_, i) => close[..(i + 1)].Max())]));
        AssertColumns("cumulative_min", ("cumulative_min", [.. close.Select((_, i) => close[..(i + 1)].Min())]));
        AssertColumns("median", ("median", RollingReference.Over(close, 20, window => window.ToArray().Order().Skip(9).Take(2).Average())));
    }

    private static void AssertRefused(string message, Func<PriceSeries, Series> expression) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Compute.GraphOf(expression)).Message);

    private static Data.BarSeries Given(double[] values) =>
        new("X", [.. values.Select((_, i) => i * 60_000_000_000L)], new Dictionary<string, double[]> { ["close"] = values, ["open"] = values, ["high"] = values, ["low"] = values });
}
