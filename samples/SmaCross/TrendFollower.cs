using Qmtl.Strategies;

namespace Qmtl.Samples;

/// <summary>Long while the fast average is above the slow one.</summary>
public sealed class TrendFollower : Strategy
{
    private readonly Param<int> _fast = Param("fast", 24, 2..200, "Hours of the fast average.");
    private readonly Param<int> _slow = Param("slow", 96, 3..500, "Hours of the slow average.");

    /// <inheritdoc />
    public override string Name => "trend-follower";

    /// <inheritdoc />
    protected override void Build(StrategyBuilder s)
    {
        var close = s.Price("BTC-USDT", "1h").Close;
        s.Target(When(close.Sma(_fast).Above(close.Sma(_slow)), 1.0, 0.0));
    }
}
