using Qmtl.Strategies;

namespace Qmtl.Samples;

/// <summary>Long while the price closes above the average of its recent highs.</summary>
public sealed class ChannelBreakout : Strategy
{
    private readonly Param<int> _hours = Param("hours", 48, 2..500, "Hours of the channel.");

    /// <inheritdoc />
    public override string Name => "channel-breakout";

    /// <inheritdoc />
    protected override void Build(StrategyBuilder s)
    {
        var price = s.Price("BTC-USDT", "1h");
        s.Target(When(price.Close > price.High.Sma(_hours), 1.0, 0.0));
    }
}
