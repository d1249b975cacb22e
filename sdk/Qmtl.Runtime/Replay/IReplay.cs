using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>Runs a strategy over recorded bars and says what would have happened.</summary>
public interface IReplay
{
    /// <summary>Refuses what <see cref="Run"/> would refuse, as far as that is known without computing: options, columns, a graph that trades nothing.</summary>
    /// <exception cref="Identity.RefusalException">The graph, the data or an option is mistaken.</exception>
    void Check(StrategyGraph graph, MarketData data, ReplayOptions options);

    /// <summary>Replays <paramref name="data"/> through <paramref name="strategy"/>.</summary>
    /// <exception cref="Identity.RefusalException">The strategy, the data or an option is mistaken.</exception>
    ReplayResult Run(Strategy strategy, MarketData data, ReplayOptions options, CancellationToken ct = default);
}
