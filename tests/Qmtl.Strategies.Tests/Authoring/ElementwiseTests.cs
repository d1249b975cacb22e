using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class ElementwiseTests
{
    private const double None = double.NaN;

    [Fact]
    public void AtLeastAndAtMost_MissingOnEitherSide_IsMissing()
    {
        var bars = new TestColumns(close: [1, 5, None, 2, 0], open: [3, 4, 1, None, -0.0]);

        Assert.Equal([3, 5, None, None, 0], Compute.Values(p => p.Close.AtLeast(p.Open), bars));
        Assert.Equal([1, 4, None, None, -0.0], Compute.Values(p => p.Close.AtMost(p.Open), bars));
        Assert.Equal([2, 4, None, 2, 2], Compute.Values(p => p.Close.Clamp(2, 4), bars));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void AtLeast_ArgumentsExchanged_IsOneNodeWithTheSameBits(int length)
    {
        double[] zeros = [.. Enumerable.Repeat(0.0, length)], negative = [.. Enumerable.Repeat(-0.0, length)];

        Assert.Equal(Compute.GraphOf(p => p.Close.AtLeast(p.Open)).Nodes[^1].NodeId, Compute.GraphOf(p => p.Open.AtLeast(p.Close)).Nodes[^1].NodeId);
        foreach (var bars in new[] { new TestColumns(zeros, negative), new TestColumns(negative, zeros) })
        {
            Assert.All(Compute.Values(p => p.Close.AtLeast(p.Open), bars), value => Assert.False(double.IsNegative(value)));
            Assert.All(Compute.Values(p => p.Close.AtMost(p.Open), bars), value => Assert.True(double.IsNegative(value)));
        }
    }

    [Fact]
    public void Mathematics_OutsideOfTheDomain_IsMissing()
    {
        var bars = new TestColumns([Math.E, 4, 0, -1, 1e300, None]);

        Assert.Equal([1, Math.Log(4), None, None, Math.Log(1e300), None], Compute.Values(p => p.Close.Log(), bars));
        Assert.Equal([Math.Exp(Math.E), Math.Exp(4), 1, Math.Exp(-1), None, None], Compute.Values(p => p.Close.Exp(), bars));
        Assert.Equal([Math.Sqrt(Math.E), 2, 0, None, 1e150, None], Compute.Values(p => p.Close.Sqrt(), bars));
        Assert.Equal([1, 1, 0, -1, 1, None], Compute.Values(p => p.Close.Sign(), bars));
        Assert.Equal([Math.E * Math.E, 16, 0, 1, None, None], Compute.Values(p => p.Close.Pow(2.0), bars));
        Assert.Equal([Math.E % 2, 0, 0, -1, 0, None], Compute.Values(p => p.Close % 2.0, bars));
    }

    [Fact]
    public void Changes_FirstBars_AreMissing()
    {
        var bars = new TestColumns([2, 3, 6, 0, 5]);

        Assert.Equal([None, 0.5, 1, -1, None], Compute.Values(p => p.Close.PercentChange(), bars));
        Assert.Equal([None, None, 4, -3, -1], Compute.Values(p => p.Close.Diff(2), bars));
        Assert.Equal([None, Math.Log(1.5), Math.Log(2), None, None], Compute.Values(p => p.Close.LogReturn(), bars));
    }

    [Fact]
    public void Missing_FilledAndFound()
    {
        var bars = new TestColumns(close: [None, 1, None, None, None, 2, None], open: [9, 9, None, 9, 9, 9, 9]);

        Assert.Equal([1, 0, 1, 1, 1, 0, 1], Compute.Values(p => p.Close.IsMissing().AsSeries(), bars));
        Assert.Equal([0, 1, 0, 0, 0, 2, 0], Compute.Values(p => p.Close.FillMissing(0.0), bars));
        Assert.Equal([9, 1, None, 9, 9, 2, 9], Compute.Values(p => p.Close.FillMissing(p.Open), bars));
        Assert.Equal([None, 1, 1, 1, 1, 2, 2], Compute.Values(p => p.Close.ForwardFill(), bars));
        Assert.Equal([None, 1, 1, 1, None, 2, 2], Compute.Values(p => p.Close.ForwardFill(2), bars));
    }

    [Fact]
    public void Signals_Remember()
    {
        var bars = new TestColumns(close: [1, 2, 3, 4, 5, 6], open: [0, 1, 0, None, 0, 1]);

        Assert.Equal([None, 0, 1, None, 3, 0], Compute.Values(p => (p.Open > 0.0).BarsSince(), bars));
        Assert.Equal([None, 2, 2, None, 2, 6], Compute.Values(p => p.Close.ValueWhen(p.Open > 0.0), bars));
        Assert.Equal([None, 2, None, None, None, 6], Compute.Values(p => p.Close.Where(p.Open > 0.0), bars));
        Assert.Equal([0, 1, 1, None, 0, 1], Compute.Values(p => (p.Open > 0.0).Hold(2).AsSeries(), bars));
    }

    [Theory]
    [InlineData("clamp", "clamp(close(X@1m)): low must not be above high, was 4 > 2.")]
    [InlineData("fill", "forward_fill(close(X@1m)): maxBars must be a whole number 1..10000, was -1.")]
    [InlineData("hold", "hold(greater(close(X@1m), 0)): bars must be a whole number 1..10000, was 0.")]
    [InlineData("band", "no_trade_band(close(X@1m)): tolerance must be above 0, was 0.")]
    public void Argument_OutOfRange_NamesNodeAndArgument(string mistake, string message)
    {
        var close = Compute.Builder.Price().Close;

        Assert.Equal(message, Assert.Throws<RefusalException>(() => mistake switch
        {
            "clamp" => close.Clamp(4, 2),
            "fill" => close.ForwardFill(-1),
            "hold" => (close > 0.0).Hold(0).AsSeries(),
            _ => close.NoTradeBand(0),
        }).Message);
    }
}
