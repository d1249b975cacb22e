using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class PositionTests
{
    private const double None = double.NaN;

    [Fact]
    public void Position_AllThresholds_EntersAndLeavesAtDifferentLevels()
    {
        double[] value = [0.5, 1.0, 0.3, 0.1, -0.1, -1.0, -0.3, None, -0.2, 0.1, 2, -2, -2];

        // Long at 1, held above 0.2, flat below; short at -1; a missing value changes nothing; below both exit and entry it is flat first.
        Assert.Equal(
            [0, 1, 1, 0, 0, -1, -1, None, -1, 0, 1, 0, -1], Compute.Values(p => p.Close.Position(new(1, -1, 0.2, 0)), new TestColumns(value)));
    }

    [Fact]
    public void Position_WithoutExits_ReversesAtTheOtherEntry() =>
        Assert.Equal([0, 1, 1, -1, -1, 1], Compute.Values(p => p.Close.Position(new(1, -1)), new TestColumns([0, 1, -0.9, -1, 0.9, 1])));

    [Fact]
    public void Position_LongOnly_NeverGoesShort() =>
        Assert.Equal([0, 1, 0, 0], Compute.Values(p => p.Close.Position(new(1, LongExit: 0)), new TestColumns([0, 1, -5, -9])));

    [Theory]
    [InlineData(1.0, 2.0, null, null, "must have ShortEnter below LongEnter, was 2 and 1")]
    [InlineData(1.0, -1.0, 1.5, null, "must have LongExit at or below LongEnter, was 1.5 and 1")]
    [InlineData(1.0, -1.0, 0.0, -1.5, "must have ShortExit at or above ShortEnter, was -1.5 and -1")]
    [InlineData(1.0, null, 0.0, 0.0, "must have ShortEnter where there is a ShortExit")]
    [InlineData(1.0, null, null, null, "must have LongExit or ShortEnter, else a position would never be left")]
    [InlineData(double.NaN, -1.0, null, null, "must be finite numbers")]
    public void Position_ContradictoryThresholds_AreRefused(double longEnter, double? shortEnter, double? longExit, double? shortExit, string problem) =>
        Assert.Equal(
            $"position(close(X@1m)): thresholds {problem}.",
            Assert.Throws<RefusalException>(() => Compute.Builder.Price().Close.Position(new(longEnter, shortEnter, longExit, shortExit))).Message);

    [Fact]
    public void Position_OtherThresholds_IsAnotherNode()
    {
        string[] ids = [.. new Thresholds[] { new(1, -1), new(1, -1, 0), new(1, -1, null, 0), new(1, -2) }.Select(t => Compute.GraphOf(p => p.Close.Position(t)).Nodes[^1].NodeId!)];

        Assert.Equal(4, ids.Distinct().Count());
    }

    [Fact]
    public void Until_BothAtOnce_IsOut()
    {
        var bars = new TestColumns(close: [1, 0, 0, 1, 1, None, 0], open: [0, 0, 1, 1, 0, 0, 0]);

        Assert.Equal([1, 1, 0, 0, 1, None, 1], Compute.Values(p => (p.Close > 0.0).Until(p.Open > 0.0).AsSeries(), bars));
    }

    [Fact]
    public void EnterExit_FourSignals_ReversesAtOnceAndIgnoresContradictions()
    {
        //                                 in   -    rev  out  both  in  both+out
        var bars = new TestColumns(close: [1, 0, 0, 0, 1, 1, 1], open: [0, 0, 0, 0, 0, 0, 1], high: [0, 0, 1, 0, 1, 0, 1], low: [0, 0, 0, 1, 0, 0, 0]);

        Assert.Equal(
            [1, 1, -1, 0, 0, 1, 0], Compute.Values(p => TestStrategy.FourWay(p.Close > 0.0, p.Open > 0.0, p.High > 0.0, p.Low > 0.0), bars));
    }

    [Fact]
    public void NoTradeBand_SmallMoves_AreLeftOut() =>
        Assert.Equal(
            [0, 0.01, 0.01, 0.2, 0.2, None, 0.2, 0, 0.05],
            Compute.Values(p => p.Close.NoTradeBand(0.1), new TestColumns([0, 0.01, 0.1, 0.2, 0.29, None, 0.11, 0, 0.05])));
}
