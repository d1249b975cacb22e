using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Runtime.Tests;

public sealed class ReplayTests
{
    private static readonly MarketData Bars = MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = 2_500, Seed = 3, Volatility = 0.003 })]);

    [Fact]
    public void Run_AnyBlockLength_GivesTheSameDigestAndEquity() =>
        Prop.ForAll<byte>(block =>
        {
            var options = new ReplayOptions { CommissionBps = 2, AllowShort = true };
            var whole = new KernelReplay().Run(new SmaCross(), Bars, options);
            var cut = new KernelReplay().Run(new SmaCross(), Bars, options with { BlockLength = 1 + block });
            return whole.StreamDigest == cut.StreamDigest && whole.Series.Equity.Span.SequenceEqual(cut.Series.Equity.Span);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Run_OtherCommission_HasAnotherDigest()
    {
        var a = new KernelReplay().Run(new SmaCross(), Bars, new ReplayOptions());
        var b = new KernelReplay().Run(new SmaCross(), Bars, new ReplayOptions { CommissionBps = 1 });

        Assert.NotEqual(a.StreamDigest, b.StreamDigest);
        Assert.StartsWith("sha256:", a.StreamDigest, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_BuyAndHold_BuysAtTheSecondOpenAndIsNeverSold()
    {
        var result = new KernelReplay().Run(new BuyAndHold(), Bars, new ReplayOptions());

        var expected = 10_000 * Bars.Series[0].Close[^1] / Bars.Series[0].Open[1];
        Assert.Equal(expected, result.FinalEquity, 1e-4);
        Assert.Equal((1L, 0, 1), (result.Fills, result.Trades, result.OpenTrades));
        Assert.Equal((2_500.0 - 1) / 2_500, result.ExposureTime, 12);
        Assert.Null(result.WinRate);
    }

    [Fact]
    public void Run_FlatPrices_HasNullsAndNoNaN()
    {
        var flat = MarketData.Of([Series("X", 50, _ => 7)]);

        var result = new KernelReplay().Run(new SmaCross(), flat, new ReplayOptions());

        Assert.Equal(0, result.Fills);
        Assert.Null(result.Sharpe);
        Assert.Null(result.Sortino);
        Assert.Null(result.Calmar);
        Assert.Equal(0, result.MaxDrawdown);
        Assert.Equal(10_000, result.FinalEquity);
        Assert.DoesNotContain("NaN", JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OneBar_HasNoStatistics()
    {
        var result = new KernelReplay().Run(new SmaCross(), MarketData.Of([Series("X", 1, _ => 7)]), new ReplayOptions());

        Assert.Equal(1, result.Bars);
        Assert.Null(result.Cagr);
        Assert.DoesNotContain("NaN", JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_TwoInstrumentsInEqualShares_HoldsBothWithoutDebt()
    {
        var data = MarketData.Of([Series("A", 200, i => 100 + i), Series("B", 200, i => 50 + (i % 5))]);

        var result = new KernelReplay().Run(new BuyAndHold(), data, new ReplayOptions { CommissionBps = 10 });

        Assert.Equal(2, result.Fills);
        Assert.Equal(0, result.RejectedOrders);
        Assert.Equal(10_000 / 2 / 1.001 / 101, result.OpenPosition["A"], 6);
        // The second share is of the equity that the first commission left.
        Assert.Equal((10_000 - (5_000 / 1.001 * 0.001)) / 2 / 1.001 / 51, result.OpenPosition["B"], 6);
    }

    [Fact]
    public void Run_InstrumentWithoutABar_WaitsForItsNextOne()
    {
        var a = Series("A", 6, i => 10 + i);
        var b = new BarSeries("B", [a.Times[0], a.Times[2], a.Times[3], a.Times[4], a.Times[5]], Columns([20, 22, 23, 24, 25]));

        var result = new KernelReplay().Run(new BuyAndHold(), MarketData.Of([a, b]), new ReplayOptions());

        Assert.Equal([(1L, 0), (2L, 1)], result.Series.Fills.Select(fill => (fill.Bar, fill.Fill.Instrument)));
    }

    [Fact]
    public void Run_OrderBeyondTheCash_IsReportedWithItsReason()
    {
        var result = new KernelReplay().Run(new BuyAndHold(), Bars, new ReplayOptions { Sizing = SizingMode.Fixed, Size = 1_000 });

        Assert.Equal(1, result.RejectedOrders);
        Assert.Equal("insufficient_funds", result.Rejections.Single().Reason);
        Assert.Equal(10_000, result.FinalEquity);
    }

    [Fact]
    public void Run_TargetWeights_HoldsThatShareAfterEachChange()
    {
        var data = MarketData.Of([Series("X", 40, i => 100 + (10 * Math.Sin(i)))]);
        var result = new KernelReplay().Run(new Steps(), data, new ReplayOptions { Sizing = SizingMode.Target, CommissionBps = 20, Fill = FillAt.Close, AllowShort = true });

        Assert.Equal([0.25, 0.75, 0.5, -0.5], new[] { 0, 10, 20, 30 }.Select(bar => Math.Round(result.Series.Weights.Span[bar], 6)));
        Assert.Equal(5, result.Fills);
        Assert.Equal(1, result.Trades);
    }

    [Theory]
    [InlineData("cash", -1, 0, null)]
    [InlineData("commission-bps", 1, -3, null)]
    [InlineData("size", 1, 0, 0)]
    public void Run_BadOption_IsRefusedNamingIt(string option, int cash, int commission, int? size)
    {
        var options = new ReplayOptions { Cash = cash, CommissionBps = commission, Size = size, Sizing = size is null ? SizingMode.AllIn : SizingMode.Fixed };

        var refusal = Assert.Throws<RefusalException>(() => new KernelReplay().Run(new SmaCross(), Bars, options));

        Assert.Equal("/" + option, refusal.Errors.Single().Pointer);
    }

    [Fact]
    public void Run_PriceOfZero_IsRefusedWithItsTime()
    {
        var data = MarketData.Of([Series("X", 10, i => i == 5 ? 0 : 3)]);

        var refusal = Assert.Throws<RefusalException>(() => new KernelReplay().Run(new BuyAndHold(), data, new ReplayOptions()));

        Assert.Equal("The close of X at 1970-01-01T00:05:00Z must be above 0 and at most 9.2e10, was 0.", refusal.Message);
    }

    [Fact]
    public void Run_CancelledToken_Stops() =>
        Assert.Throws<OperationCanceledException>(() => new KernelReplay().Run(new SmaCross(), Bars, new ReplayOptions(), new CancellationToken(canceled: true)));

    [Fact]
    public void Run_WeeklyBars_AreAnnualisedAsWeeks()
    {
        const int Week = 7 * 86_400, Count = 200;
        var price = Enumerable.Range(0, Count).Select(i => 100.0 + (i % 3)).ToArray();
        var weeks = new BarSeries("W", [.. Enumerable.Range(0, Count).Select(i => (long)i * Week * BarTime.NanosecondsPerSecond)], Columns(price));

        var result = new KernelReplay().Run(new BuyAndHold(), MarketData.Of([weeks]), new ReplayOptions());

        Assert.Equal(Week, result.IntervalSeconds);
        Assert.Equal(365 / 7.0, result.BarsPerYear, 1e-9);
    }

    private static BarSeries Series(string instrument, int count, Func<int, double> price) =>
        new(instrument, [.. Enumerable.Range(0, count).Select(i => i * 60L * BarTime.NanosecondsPerSecond)], Columns([.. Enumerable.Range(0, count).Select(price)]));

    private static Dictionary<string, double[]> Columns(double[] price) =>
        new(StringComparer.Ordinal) { ["open"] = price, ["high"] = price, ["low"] = price, ["close"] = price };

    /// <summary>A quarter, then three quarters, then half, then half short, ten bars each.</summary>
    private sealed class Steps : Strategy
    {
        protected override void Build(StrategyBuilder s) => s.Target(s.Compute(new StepKernel(), s.Price().Close));
    }

    [NodeCode("test.steps", "1")]
    private sealed class StepKernel : Kernel
    {
        private static readonly double[] Weights = [0.25, 0.75, 0.5, -0.5];

        public override int StateLength => 1;

        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
        {
            for (var i = 0; i < output.Length; i++) output[i] = Weights[(int)state[0]++ / 10];
        }
    }
}
