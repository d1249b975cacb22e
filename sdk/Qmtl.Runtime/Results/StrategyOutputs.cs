using System.Text.Json.Serialization;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>What a strategy outputs over recorded bars, without trading: features and labels of a training set, for example.</summary>
public sealed record StrategyOutputs
{
    /// <summary>The strategy's name.</summary>
    public required string Strategy { get; init; }

    /// <summary>Every parameter with the value it had.</summary>
    public required IReadOnlyDictionary<string, string> Params { get; init; }

    /// <summary>The instruments.</summary>
    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary>Bars on the time axis, warm-up included.</summary>
    public required int Bars { get; init; }

    /// <summary>Bars before every node has a value, derived from the graph.</summary>
    public required int WarmupBars { get; init; }

    /// <summary>Time of the first bar, ISO-8601.</summary>
    public required string Start { get; init; }

    /// <summary>Time of the last bar, ISO-8601.</summary>
    public required string End { get; init; }

    /// <summary>The outputs, in the order in which Build names them.</summary>
    public required IReadOnlyList<OutputColumn> Outputs { get; init; }

    /// <summary>Nanoseconds UTC of each bar.</summary>
    [JsonIgnore]
    public required ReadOnlyMemory<long> Times { get; init; }

    /// <summary>Whether the strategy has a position target, so that a replay of it trades.</summary>
    [JsonIgnore]
    public required bool HasTarget { get; init; }

    /// <summary>Computes all outputs of <paramref name="strategy"/> over <paramref name="data"/>.</summary>
    /// <param name="strategy">The strategy, its parameters set.</param>
    /// <param name="data">The bars.</param>
    /// <param name="options">The conditions; of these, only the year matters to what is computed.</param>
    /// <param name="ct">Stops between two blocks.</param>
    /// <exception cref="Identity.RefusalException">The strategy outputs nothing, or it, the data or an option is mistaken.</exception>
    public static StrategyOutputs Compute(Strategy strategy, MarketData data, ReplayOptions options, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        ArgumentNullException.ThrowIfNull(data);
        ReplayOptionsCheck.ThrowIfRefused(options);
        var graph = strategy.Compile(options.UniverseOf(data));
        if (graph.Outputs.Count == 0) throw ReplayRefusal.NoOutput(strategy.Name);
        var values = GraphValues.Compute(graph, data, [.. graph.Outputs.Select(output => output.Index)], ct);
        return new StrategyOutputs
        {
            Strategy = strategy.Name,
            Params = ReplayCase.ParametersOf(strategy),
            Symbols = data.Instruments,
            Bars = data.Count,
            WarmupBars = graph.Warmup,
            Start = BarTime.Format(data.Times[0]),
            End = BarTime.Format(data.Times[^1]),
            Outputs = [.. graph.Outputs.Zip(values, (output, column) => new OutputColumn(output.Name, output.NodeId, column))],
            Times = data.TimeAxis,
            HasTarget = graph.Targets.Count > 0,
        };
    }
}

/// <summary>An output of a strategy over all bars.</summary>
/// <param name="name">The name it has in Build.</param>
/// <param name="nodeId">The node that computes it.</param>
/// <param name="values">One value a bar; NaN where it is missing.</param>
public sealed class OutputColumn(string name, string nodeId, ReadOnlyMemory<double> values)
{
    /// <summary>The name it has in Build.</summary>
    public string Name { get; } = name;

    /// <summary>The node that computes it.</summary>
    public string NodeId { get; } = nodeId;

    /// <summary>On how many bars it has a value.</summary>
    public int Present { get; } = CountPresent(values.Span);

    /// <summary>One value a bar; NaN where it is missing.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<double> Values { get; } = values;

    private static int CountPresent(ReadOnlySpan<double> values)
    {
        var present = 0;
        foreach (var value in values) present += double.IsFinite(value) ? 1 : 0;
        return present;
    }
}
