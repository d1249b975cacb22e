using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class LabelTests
{
    private const double None = double.NaN;

    [Fact]
    public void ForwardReturn_IsThatOfTheEntryAHorizonAgo() =>
        Assert.Equal([None, None, 0.5, 1, -0.5], Compute.Values(p => p.Close.ForwardReturn(2), new TestColumns([2, 1, 3, 2, 1.5])));

    [Fact]
    public void ForwardVolatility_IsTheSampleDeviationOfTheReturnsAfterTheEntry()
    {
        var values = Compute.Values(p => p.Close.ForwardVolatility(2), new TestColumns([100, 110, 99, 99]));

        // Returns 0.1 and -0.1 after the first entry; -0.1 and 0 after the second.
        Assert.True(double.IsNaN(values[1]));
        Assert.Equal(Math.Sqrt(0.02), values[2], 1e-12);
        Assert.Equal(Math.Sqrt(0.005), values[3], 1e-12);
    }

    [Theory]
    [InlineData(LabelSide.Long, 1, 0.1, 2)]
    [InlineData(LabelSide.Short, -1, -0.1, 2)]
    public void TripleBarrier_TargetReached_EndsThere(LabelSide side, double outcome, double change, double bars)
    {
        var columns = new TestColumns(close: [100, 101, 105, 90], high: [100, 104, 111, 95], low: [100, 96, 104, 80]);

        var (result, returns, length) = Last(new BarrierSpec(0.1, 0.1), 3, side, columns);

        Assert.Equal(outcome, result);
        Assert.Equal(change, returns, 1e-12);
        Assert.Equal(bars, length);
    }

    [Fact]
    public void TripleBarrier_BothOnOneBar_IsTheStopLoss()
    {
        var columns = new TestColumns(close: [100, 100], high: [100, 120], low: [100, 80]);

        Assert.Equal(-1, Last(new BarrierSpec(10, 5, BarrierMode.Price), 1, LabelSide.Long, columns).Outcome);
        Assert.Equal(-1, Last(new BarrierSpec(10, 5, BarrierMode.Price), 1, LabelSide.Short, columns).Outcome);
        Assert.Equal(1, Last(new BarrierSpec(10, null, BarrierMode.Price), 1, LabelSide.Long, columns).Outcome);
    }

    [Fact]
    public void TripleBarrier_NothingReached_IsTheReturnAtTheEnd()
    {
        var (outcome, change, bars) = Last(new BarrierSpec(0.5, 0.5), 2, LabelSide.Long, new TestColumns([100, 120, 110]));

        Assert.Equal((0, 2), (outcome, bars));
        Assert.Equal(0.1, change, 1e-12);
    }

    [Theory]
    [InlineData(LabelSide.Long)]
    [InlineData(LabelSide.Short)]
    public void Label_EveryBarEntered_SaysWhatTheSeriesSays(LabelSide side)
    {
        const int Horizon = 12;
        var bars = TestBars.Walk(400);
        var barrier = new BarrierSpec(0.04, 0.03);
        var series = Compute.Values(p => p.TripleBarrier(barrier, Horizon, side).Outcome, bars);
        var returns = Compute.Values(p => p.TripleBarrier(barrier, Horizon, side).Return, bars);
        double[] entries = [.. Enumerable.Repeat(1.0, bars.Count)];

        var events = new TripleBarrierLabeler(barrier, new HorizonSpec(Horizon), side).Label(bars, bars.Times, entries);

        Assert.Equal(3, events.Select(label => label.Outcome).Distinct().Count());
        var times = bars.Times.ToArray();
        foreach (var label in events)
        {
            var known = Array.BinarySearch(times, label.EntryTime) + Horizon;
            if (known >= bars.Count) continue;
            Assert.Equal((int)label.Outcome, series[known]);
            Assert.Equal(label.Return, returns[known], 1e-12);
        }
    }

    [Fact]
    public void Label_Events_AreKnownAtResolutionAndFrozenAtEntry()
    {
        var bars = TestBars.Walk(300);
        var labeler = new TripleBarrierLabeler(new BarrierSpec(1.0, 1.0), new HorizonSpec(20, TimeSpan.FromMinutes(15)), LabelSide.Long, "fees-v1", "slip-v1");
        double[] entries = [.. Enumerable.Range(0, bars.Count).Select(i => i % 7 == 0 ? 1.0 : 0.0)];
        double[] scale = [.. Enumerable.Range(0, bars.Count).Select(i => 0.004 + (0.00001 * i))];

        var events = labeler.Label(bars, bars.Times, entries, scale);

        Assert.True(events.Count > 30);
        Assert.Equal(events.Select(label => label.ResolvedTime).Order(), events.Select(label => label.ResolvedTime));
        var times = bars.Times.ToArray();
        foreach (var label in events)
        {
            Assert.InRange(label.ResolvedTime, label.EntryTime + 1, label.EntryTime + (15 * 60_000_000_000));
            Assert.Equal((label.EntryTime, label.EntryTime), (label.Barrier.FrozenAt, label.Horizon.FrozenAt));
            Assert.Equal(scale[Array.BinarySearch(times, label.EntryTime)], label.Barrier.ProfitTarget);
            Assert.Equal(("fees-v1", "slip-v1"), (label.CostModelId, label.SlippageModelId));
        }

        Assert.Equal(entries.Sum(), events.Count + labeler.Open);
    }

    [Fact]
    public void Target_OnALabel_NamesThePath()
    {
        var refusal = Assert.Throws<RefusalException>(() => new Cheat().Compile(Compute.Universe));

        Assert.Contains("would trade on what is known only later", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("<- label(", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("kind=forward_return); labels", refusal.Message, StringComparison.Ordinal);
        Assert.True(refusal.Message.Length < 320, refusal.Message);
    }

    [Fact]
    public void Output_OfALabel_IsAllowed() =>
        Assert.Single(Compute.GraphOf(p => p.TripleBarrier(new(0.01, 0.01), 5).Outcome).Outputs);

    [Theory]
    [InlineData(null, null, 5, "triple_barrier(X@1m): needs a profit target or a stop loss; a label with neither is a forward return.")]
    [InlineData(-1.0, 1.0, 5, "triple_barrier(X@1m): must have a profit target above 0, was -1.")]
    [InlineData(1.0, double.NaN, 5, "triple_barrier(X@1m): must have a stop loss above 0, was NaN.")]
    [InlineData(1.0, 1.0, 0, "triple_barrier(X@1m): must have MaxBars of 1..9999, was 0.")]
    public void TripleBarrier_Mistake_SaysWhatIsWrong(double? profit, double? stop, int bars, string message) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Compute.Builder.Price().TripleBarrier(new BarrierSpec(profit, stop), bars)).Message);

    [Fact]
    public void Labeler_Mistake_SaysWhatIsWrong()
    {
        Assert.Contains("needs a horizon", Refusal(() => new TripleBarrierLabeler(new(1, 1), new HorizonSpec(null))), StringComparison.Ordinal);
        var labeler = new TripleBarrierLabeler(new(1, 1), new HorizonSpec(3));
        labeler.Advance(5, 1, 1, 1);
        Assert.Contains("not after the bar before", Refusal(() => labeler.Advance(5, 1, 1, 1)), StringComparison.Ordinal);
        Assert.Contains("price above 0, was 0", Refusal(() => labeler.Enter(5, 0)), StringComparison.Ordinal);
        Assert.Contains("before the last bar", Refusal(() => labeler.Enter(4, 1)), StringComparison.Ordinal);
    }

    private static string Refusal(Action action) => Assert.Throws<RefusalException>(action).Message;

    private static (double Outcome, double Return, double Bars) Last(BarrierSpec barrier, int maxBars, LabelSide side, TestColumns columns) => (
        Compute.Values(p => p.TripleBarrier(barrier, maxBars, side).Outcome, columns)[^1],
        Compute.Values(p => p.TripleBarrier(barrier, maxBars, side).Return, columns)[^1],
        Compute.Values(p => p.TripleBarrier(barrier, maxBars, side).Bars, columns)[^1]);

    private sealed class Cheat : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            var close = s.Price().Close;
            s.Target(When(close.ForwardReturn(5).Sma(3) > 0.0, 1.0, 0.0));
        }
    }
}
