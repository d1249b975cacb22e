using Qmtl.Strategies;

namespace Qmtl.CoreLoop.Strategies;

/// <summary>A crossover whose fast line takes its time, so that a run can be caught in the middle.</summary>
public sealed class SlowTrend : Strategy
{
    private readonly Param<int> _slow = Param("slow", 30, 2..500);

    protected override void Build(StrategyBuilder s)
    {
        var close = s.Price().Close;
        var slow = s.Compute(1, [close], [NodeCode("test.slow_line", "1")] static (view) =>
        {
            var sum = 0.0;
            for (var i = 1; i <= 5_000; i++) sum += Math.Sin(view.Latest(0) * i);
            return view.Latest(0) + (1e-9 * sum);
        });
        s.Target((slow.Sma(5) > close.Sma(_slow)).Then(1.0, 0.0));
    }
}
