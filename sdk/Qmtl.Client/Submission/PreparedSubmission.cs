using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Client;

/// <summary>A submission that passed every check that needs no Gateway, so that nothing is taken in that could never run.</summary>
/// <param name="Strategy">The strategy.</param>
/// <param name="Graph">What it compiles to.</param>
/// <param name="Data">The bars.</param>
/// <param name="Options">The rest.</param>
/// <param name="Stated">Finds the returns that are stated; null when the replay's count.</param>
internal sealed record PreparedSubmission(Strategy Strategy, StrategyGraph Graph, MarketData Data, SubmitOptions Options, Func<StatedReturns>? Stated)
{
    /// <summary>Whether a replay takes place. Returns that are stated may come from a strategy that holds nothing.</summary>
    public bool IsReplayed => Stated is null || Graph.Targets.Count > 0;

    /// <summary>Compiles and checks.</summary>
    /// <exception cref="RefusalException">The strategy, the data or an option is mistaken.</exception>
    public static PreparedSubmission Of(Strategy strategy, MarketData data, SubmitOptions options, IReplay replay)
    {
        var graph = strategy.Compile(options.Replay.UniverseOf(data));
        var prepared = new PreparedSubmission(strategy, graph, data, options, new ReturnsSource(strategy, graph, data, options).Find());
        // What is only taken in need not trade; what is measured must have something to measure.
        if (options.AutoValidate && prepared.IsReplayed) replay.Check(graph, data, options.Replay);
        else ColumnBinding.Bind(ComputePlan.For(graph), data.Aligned);
        return prepared;
    }
}
