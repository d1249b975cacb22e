namespace Qmtl.Strategies;

/// <summary>What a strategy's Build works with: prices in, targets and outputs out.</summary>
public sealed partial class StrategyBuilder
{
    private readonly string _strategy;
    private readonly Universe _universe;
    private readonly List<Node> _targets = [];
    private readonly HashSet<string> _instruments;
    private readonly HashSet<string> _targeted = new(StringComparer.Ordinal);
    private readonly List<(string Name, Node Node)> _outputs = [];

    internal StrategyBuilder(string strategy, Universe universe)
    {
        _strategy = strategy;
        _universe = universe;
        _instruments = new HashSet<string>(universe.Instruments, StringComparer.Ordinal);
    }

    /// <summary>The instruments of this run.</summary>
    public IReadOnlyList<string> Instruments => _universe.Instruments;

    /// <summary>The run's own interval in seconds.</summary>
    public int IntervalSeconds => _universe.IntervalSeconds;

    /// <summary>The bars of the run's only instrument, at the run's interval.</summary>
    public PriceSeries Price() => Instruments.Count == 1
        ? Price(Instruments[0])
        : throw Refuse.Graph(_strategy, $"asks for the price of the only instrument, but the run has {Instruments.Count}: {string.Join(", ", Instruments)}");

    /// <summary>The bars of an instrument, at the run's interval.</summary>
    public PriceSeries Price(string instrument) => Make(instrument, IntervalSeconds);

    /// <summary>The bars of an instrument at an interval: the run's own, or longer bars gathered from them, such as "1h" of one-minute data.</summary>
    /// <exception cref="Identity.RefusalException">The data has no such instrument, or its bars cannot be gathered into such ones.</exception>
    public PriceSeries Price(string instrument, string interval) => Price(instrument).Resample(interval);

    /// <summary>Holds <paramref name="weight"/> of equity: 1 all of it long, -1 all of it short, 0 nothing, missing "as before".</summary>
    /// <remarks>The instrument is the one that <paramref name="weight"/> is computed from; with several, name it.</remarks>
    public void Target(Series weight)
    {
        var streams = weight.Node.Streams;
        if (streams.Count != 1)
        {
            var problem = streams.Count == 0 ? "is a constant" : $"depends on {string.Join(" and ", streams.Select(stream => stream.Text))}";
            throw Refuse.Graph($"target({weight})", $"{problem}, so the instrument to hold must be named: Target(price, weight)");
        }

        AddTarget(streams[0], weight);
    }

    /// <summary>Holds <paramref name="weight"/> of equity in the instrument of <paramref name="price"/>.</summary>
    public void Target(PriceSeries price, Series weight) => AddTarget(price.Stream, weight);

    /// <summary>Computes <paramref name="series"/> and keeps it under <paramref name="name"/>, without trading on it.</summary>
    /// <remarks>There is one value per bar of the run; a series of longer bars is shown as it is known then.</remarks>
    public void Output(string name, Series series)
    {
        if (series.Node.Role == NodeRole.Constant) throw Refuse.Graph(name, "is a constant; an output must be computed from prices");
        if (_outputs.Exists(output => string.Equals(output.Name, name, StringComparison.Ordinal))) throw Refuse.Graph(name, "is the name of two outputs");
        // Outputs are columns beside the data, one value per bar of it.
        _outputs.Add((name, series.AsOfSeconds(IntervalSeconds).Node));
    }

    internal StrategyGraph ToGraph() => _targets.Count + _outputs.Count > 0
        ? WithArtifacts(StrategyGraph.From(_strategy, _targets, _outputs))
        : throw Refuse.Graph(_strategy, "builds nothing; call Target or Output");

    private PriceSeries Make(string instrument, int interval)
    {
        if (_instruments.Contains(instrument)) return new PriceSeries(instrument, interval);
        var near = Nearest.To(instrument, Instruments);
        throw Refuse.Graph(
            _strategy, $"asks for {instrument}, but the data has {string.Join(", ", Instruments)}{(near is null ? "" : $"; did you mean {near}?")}");
    }

    private void AddTarget(Node stream, Series weight)
    {
        var target = Node.Target(stream, weight.Node);
        if (!_targeted.Add(target.Instrument))
            throw Refuse.Graph(target.Text, $"is the second target for {target.Instrument}; an instrument has one");
        _targets.Add(target);
    }
}
