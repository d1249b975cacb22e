using System.Globalization;
using Qmtl.Data;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.Runtime.Tests;

/// <summary>sma-cross under every fill and sizing mode, against <see cref="PlainReplay"/>.</summary>
public sealed class SmaCrossTests
{
    private static readonly PlainOptions Plain = new();

    private static readonly PlainOptions[] Cases =
    [
        Plain,
        Plain with { FillAtClose = true },
        Plain with { Rate = 0.0005, Slippage = 0.0002 },
        Plain with { Rate = 0.0005, FillAtClose = true, CloseAtEnd = true },
        Plain with { Short = true },
        Plain with { Short = true, Rate = 0.0002, Slippage = 0.0001, FillAtClose = true },
        Plain with { Fast = 5, Slow = 20, Short = true, CloseAtEnd = true, Rate = 0.001 },
        Plain with { Fast = 50, Slow = 200, Entry = "cross", Rate = 0.0001 },
        Plain with { Fast = 50, Slow = 200, Entry = "cross", Short = true, FillAtClose = true },
        Plain with { Fast = 1, Slow = 2, Short = true },
        Plain with { Fast = 30, Slow = 10 },
        Plain with { WholeUnits = true, Cash = 1_000_000, Rate = 0.0005 },
        Plain with { WholeUnits = true, Cash = 1_000_000, Short = true, FillAtClose = true },
        Plain with { FixedSize = 0.125 },
        Plain with { FixedSize = 0.125, Short = true, Rate = 0.0004, FillAtClose = true, CloseAtEnd = true },
        Plain with { FixedSize = 1e6 },
    ];

    public static TheoryData<int> CaseNumbers => [.. Enumerable.Range(0, Cases.Length)];

    [Theory]
    [MemberData(nameof(CaseNumbers))]
    public void Run_SyntheticBars_EqualsThePlainLoop(int number) =>
        AssertEqual(MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = 3_000, Seed = 42, Volatility = 0.004 })]), Cases[number]);

    [Theory]
    [MemberData(nameof(CaseNumbers))]
    public void Run_PricesWithManyTies_EqualsThePlainLoop(int number) =>
        AssertEqual(MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = 2_000, Seed = 5, Volatility = 0.0005, Decimals = 1 })]), Cases[number]);

    [RequiresTheory(Needs.MarketData)]
    [MemberData(nameof(CaseNumbers))]
    public void Run_BitcoinMinutes_EqualsThePlainLoop(int number) => AssertEqual(Real("crypto/1m/BTC-PERP.csv"), Cases[number]);

    [RequiresTheory(Needs.MarketData)]
    [MemberData(nameof(CaseNumbers))]
    public void Run_SpyDays_EqualsThePlainLoop(int number) => AssertEqual(Real("equity/1d/SPY.csv"), Cases[number]);

    [RequiresTheory(Needs.MarketData)]
    [MemberData(nameof(CaseNumbers))]
    public void Run_EuroHours_EqualsThePlainLoop(int number) => AssertEqual(Real("fx/1h/EURUSD.csv"), Cases[number]);

    [RequiresTheory(Needs.MarketData)]
    [InlineData("crypto/1m/BTC-PERP.csv", 45_031, "crypto", 525_600)]
    [InlineData("equity/1d/SPY.csv", 5_849, "us-equity", 252)]
    [InlineData("fx/1h/EURUSD.csv", 74_439, "fx", 6_240)]
    public void Run_RealBars_NamesCalendarAndBarsPerYear(string file, int bars, string calendar, double barsPerYear)
    {
        var result = new KernelReplay().Run(new SmaCross(), Real(file), new ReplayOptions());

        Assert.Equal((bars, calendar, barsPerYear), (result.Bars, result.Calendar, result.BarsPerYear));
    }

    [Fact]
    public void Run_TargetSizingOfFullWeight_IsAllIn()
    {
        var data = MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = 2_000 })]);
        var options = new ReplayOptions { CommissionBps = 5, SlippageBps = 1, AllowShort = true };

        var allIn = new KernelReplay().Run(new SmaCross(), data, options);
        var target = new KernelReplay().Run(new SmaCross(), data, options with { Sizing = SizingMode.Target });

        Assert.True(allIn.Trades > 10);
        Assert.Equal(0, target.RejectedOrders);
        Assert.Equal(allIn.StreamDigest, target.StreamDigest);
    }

    private static MarketData Real(string file) => CsvBars.Load([Path.Combine(Machine.MarketDataFolder!, file)]);

    private static void AssertEqual(MarketData data, PlainOptions options)
    {
        var (open, close) = (data.Series[0].Open.ToArray(), data.Series[0].Close.ToArray());
        var plain = PlainReplay.Run(open, close, options);

        var result = new KernelReplay().Run(Strategy(options), data, Options(options));

        Assert.Equal(data.Count, result.Bars);
        Assert.Equal(plain.Trades.Count, result.Trades);
        Assert.Equal(plain.Fills, result.Fills);
        Assert.Equal(plain.Rejected, result.RejectedOrders);
        Assert.Equal(plain.Held == 0 ? 0 : 1, result.OpenTrades);
        Near(plain.Held, result.OpenPosition.Values.SingleOrDefault());
        Near((double)plain.Exposed / data.Count, result.ExposureTime);
        Near(plain.Commission, result.CommissionPaid);
        Near(plain.Equity[^1], result.FinalEquity);
        for (var i = 0; i < plain.Equity.Count; i++) Near(plain.Equity[i], result.Series.Equity.Span[i]);
        AssertStatistics(plain, options.Cash, result);
    }

    private static void AssertStatistics(PlainReplay plain, double cash, ReplayResult result)
    {
        var equity = plain.Equity;
        var returns = equity.Skip(1).Zip(equity, (now, before) => (now / before) - 1).ToArray();
        var mean = returns.Average();
        var deviation = Math.Sqrt(returns.Sum(r => (r - mean) * (r - mean)) / (returns.Length - 1));
        var downside = Math.Sqrt(returns.Sum(r => Math.Min(r, 0) * Math.Min(r, 0)) / returns.Length);
        var (peak, drawdown) = (equity[0], 0.0);
        foreach (var value in equity)
        {
            peak = Math.Max(peak, value);
            drawdown = Math.Max(drawdown, 1 - (value / peak));
        }

        var year = Math.Sqrt(result.BarsPerYear);
        Near(equity[^1] / cash - 1, result.TotalReturn);
        if (deviation > 0) Near(mean / deviation * year, result.Sharpe!.Value);
        else Assert.Null(result.Sharpe);
        if (downside > 0) Near(mean / downside * year, result.Sortino!.Value);
        Near(deviation * year, result.VolatilityAnnual!.Value);
        Near(drawdown, result.MaxDrawdown);
        Near(Math.Pow(equity[^1] / cash, result.BarsPerYear / (equity.Count - 1)) - 1, result.Cagr!.Value);
        if (plain.Trades.Count == 0)
        {
            Assert.Null(result.WinRate);
            return;
        }

        var gains = plain.Trades.Where(t => t > 0).Sum();
        var losses = -plain.Trades.Where(t => t < 0).Sum();
        Near((double)plain.Trades.Count(t => t > 1e-9) / plain.Trades.Count, result.WinRate!.Value);
        if (losses > 0) Near(gains / losses, result.ProfitFactor!.Value);
        else Assert.Null(result.ProfitFactor);
    }

    /// <summary>Doubles against integers over thousands of trades: the plain loop rounds at every step, and may cut a quantity one lot apart.</summary>
    private static void Near(double expected, double actual) => Assert.Equal(expected, actual, 1e-6 * Math.Max(1e-3, Math.Abs(expected)));

    private static Strategy Strategy(PlainOptions options) => new SmaCross().With(new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["fast"] = options.Fast.ToString(CultureInfo.InvariantCulture),
        ["slow"] = options.Slow.ToString(CultureInfo.InvariantCulture),
        ["entry"] = options.Entry,
    });

    private static ReplayOptions Options(PlainOptions options) => new()
    {
        Cash = (decimal)options.Cash,
        CommissionBps = (decimal)(options.Rate * 1e4),
        SlippageBps = (decimal)(options.Slippage * 1e4),
        Fill = options.FillAtClose ? FillAt.Close : FillAt.NextOpen,
        AllowShort = options.Short,
        CloseAtEnd = options.CloseAtEnd,
        WholeUnits = options.WholeUnits,
        Sizing = options.FixedSize is null ? SizingMode.AllIn : SizingMode.Fixed,
        Size = (decimal?)options.FixedSize,
    };
}
