using Qmtl.Strategies;

public sealed class Trend : Strategy
{
    private readonly Param<int> _fast = Param("fast", 10, 2..200);
    private readonly Param<int> _slow = Param("slow", 30, 2..500);

    protected override void Build(StrategyBuilder s)
    {
        var close = s.Price().Close;
        s.Target(When(close.Sma(_fast).Above(close.Sma(_slow)), 1.0, 0.0));
    }
}
