using Qmtl.Strategies;

namespace Qmtl.Docs.Tests;

public sealed class DipBuyer : Strategy
{
    private readonly Param<int> _fast = Param("fast", 5, 1..200, "Bars of the quick average.");
    private readonly Param<int> _slow = Param("slow", 100, 2..1000, "Bars of the slow average.");
    private readonly Param<double> _dip = Param("dip", 0.004, 0.0, 0.5, "How far below the quick average to buy.");

    protected override void Build(StrategyBuilder s)
    {
        Require(_fast < _slow, "fast must be below slow");
        var close = s.Price().Close;
        var average = close.Sma(_fast);
        var enter = (close < average * (1 - _dip)) & (close > close.Sma(_slow));
        var exit = close > average;
        s.Target(EnterExit(enter, exit));
    }
}

public sealed class Reverter : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var price = s.Price();
        var cheapness = -price.Close.ZScore(60);
        var side = cheapness.Position(new(LongEnter: 2, ShortEnter: -2, LongExit: 0.5, ShortExit: -0.5));
        var size = s.Size.VolatilityTarget(price.Close, annual: 0.2, period: 60);
        s.Target((side * size).NoTradeBand(0.05));
    }
}

public sealed class Rotation : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var change = s.Panel(price => price.Close).Each(close => close.PercentChange(120));
        var decide = change.Present().EveryBars(20);
        var weights = change.Top(2) * 0.4;
        s.Target(weights.Each(weight => weight.Where(decide)));
    }
}

public sealed class TaggedTrend : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var closes = s.TagQuery(["usdt"]).Panel(price => price.Close);
        var rising = closes.Each(close => close.Above(close.Sma(100)).AsSeries());
        s.Target(rising * (0.8 / closes.Present()));
    }
}

public sealed class HourlyTrend : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var minutes = s.Price();
        var hours = minutes.Resample("1h");
        var rising = hours.Close.Above(hours.Close.Sma(12)).AsOf(minutes);
        var awake = minutes.HourOfDay >= 6.0;
        s.Target(When(rising & awake & (minutes.Close > minutes.Close.Sma(20)), 1.0, 0.0));
    }
}

public sealed class Skewness : Strategy
{
    private readonly Param<double> _limit = Param("limit", 0.5, 0.0, 10.0);

    protected override void Build(StrategyBuilder s)
    {
        var returns = s.Price().Close.PercentChange();
        var skew = s.Compute(30, [returns], [NodeCode("acme.skew", "1")] static (view) =>
        {
            double mean = 0, second = 0, third = 0;
            foreach (var x in view[0]) mean += x / view.Period;
            foreach (var x in view[0])
            {
                second += (x - mean) * (x - mean);
                third += (x - mean) * (x - mean) * (x - mean);
            }

            var scaled = third / Math.Pow(second / view.Period, 1.5) / view.Period;
            return Math.Abs(scaled) > view.Parameter("limit") ? scaled : 0;
        }, parameters: [("limit", _limit)]);
        s.Target(When(skew < 0.0, 1.0, 0.0));
    }
}

public sealed class TrainingSet : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        const int Horizon = 30;
        var price = s.Price();
        var label = price.TripleBarrier(new BarrierSpec(ProfitTarget: 0.01, StopLoss: 0.005), Horizon);
        s.Output("z_at_entry", price.Close.ZScore(60).Shift(Horizon));
        s.Output("outcome", label.Outcome);
        s.Output("return", label.Return);
    }
}

public sealed class TrendWithFeature : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var close = s.Price().Close;
        var distance = close / close.Ema(50) - 1;
        s.Artifact("distance", distance);
        s.Target(When(distance > 0, 1.0, 0.0));
    }
}
