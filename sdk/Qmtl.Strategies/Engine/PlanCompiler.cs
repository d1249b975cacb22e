namespace Qmtl.Strategies;

/// <summary>Lays out the nodes of one or more graphs: which are computed, in which order, and where their values live.</summary>
internal sealed class PlanCompiler
{
    private const int Absent = -1;

    private readonly IReadOnlyList<StrategyGraph> _graphs;
    private readonly Predicate<Node> _belongs;
    private readonly Dictionary<long, int> _constantOf = [];
    private readonly Dictionary<string, int> _valueOf = new(StringComparer.Ordinal);
    private readonly List<double> _constants = [];
    private readonly List<Node> _fields = [];
    private readonly HashSet<string> _wanted = new(StringComparer.Ordinal);
    private readonly List<Node> _computed = [];
    private readonly List<int> _clocks = [];
    private int _values;

    public PlanCompiler(IReadOnlyList<StrategyGraph> graphs)
        : this(graphs, _ => true)
    {
    }

    /// <summary>Compiles the part of <paramref name="graphs"/> whose computed nodes <paramref name="belongs"/> accepts.</summary>
    public PlanCompiler(IReadOnlyList<StrategyGraph> graphs, Predicate<Node> belongs)
    {
        if (graphs.Count == 0) throw Refuse.Graph("plan", "has no graph; give it at least one");
        _graphs = graphs;
        _belongs = belongs;
        foreach (var stream in graphs.SelectMany(graph => graph.Ordered).Where(node => node.Role == NodeRole.Stream))
        {
            if (_clocks.Count == 0) _clocks.Add(stream.Interval);
            if (stream.Interval != _clocks[0])
            {
                throw Refuse.Graph(
                    stream.Text, $"comes every {Interval.Format(stream.Interval)}, other bars every {Interval.Format(_clocks[0])}; graphs that are computed together read the same data");
            }
        }
    }

    public ComputePlan Compile()
    {
        Collect();
        foreach (var field in _fields) _valueOf.Add(field.Key!, _values++);
        var steps = new List<PlanStep>();
        var state = LongBars.StateLength * (_clocks.Count - 1);
        foreach (var node in _computed)
        {
            var kernel = node.Kernel!;
            var outputs = Enumerable.Range(_values, kernel is PanelKernel panel ? panel.OutputCount : 1).ToArray();
            _values += outputs.Length;
            _valueOf.Add(node.Key!, outputs[0]);
            int[] inputs = [.. node.Arguments.Where(argument => argument.Role != NodeRole.Stream).Select(ValueOf)];
            steps.Add(new PlanStep(kernel, inputs, outputs, state, _clocks.IndexOf(node.Interval), ClockOf(node.Arguments, node.Interval)));
            state += kernel.StateLength;
        }

        int[][] kept = [.. _graphs.Select(KeptValues)];
        var slotOf = PlanSlots.Assign(steps, _constants.Count + _fields.Count, _values, kept.SelectMany(values => values), out var slots);
        return new ComputePlan(
            _graphs,
            [.. kept.Select(values => Array.ConvertAll(values, value => value == Absent ? Absent : slotOf[value]))],
            new PlanLayout(
                [.. steps.Select(step => step with { Inputs = Array.ConvertAll(step.Inputs, value => slotOf[value]), Outputs = Array.ConvertAll(step.Outputs, value => slotOf[value]) })],
                [.. _constants],
                [.. _fields.Select((field, i) => new PlanSource(field.Instrument, field.Column, _constants.Count + i))],
                [.. _clocks],
                slots,
                state));
    }

    /// <summary>Finds what is computed, once each, and what that reads.</summary>
    private void Collect()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var fields = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (var node in _graphs.SelectMany(graph => graph.Ordered))
        {
            if (node.Role == NodeRole.Field) fields.TryAdd(node.Key!, node);
            // A target of a constant, or of a column, is computed by nobody and belongs to the part that is asked about it.
            var isRead = node.Role == NodeRole.Target ? _belongs(node) : node.Kernel is not null && _belongs(node);
            if (!isRead || !seen.Add(node.Key!)) continue;
            if (node.Kernel is not null) Add(node);
            foreach (var argument in node.Arguments) Read(argument, fields);
        }

        foreach (var output in OutputsOf(_graphs).Where(node => node.Role == NodeRole.Field && _belongs(node))) Read(output, fields);
        // The order of first use would differ between a plan and its shards; that of the graphs does not.
        _fields.AddRange(fields.Values.Where(field => _wanted.Contains(field.Key!)));
    }

    private void Add(Node node)
    {
        _computed.Add(node);
        if (!_clocks.Contains(node.Interval)) _clocks.Add(node.Interval);
    }

    private void Read(Node argument, Dictionary<string, Node> fields)
    {
        if (argument.Role == NodeRole.Field && fields.ContainsKey(argument.Key!)) _wanted.Add(argument.Key!);
        if (argument.Role != NodeRole.Constant || !_constantOf.TryAdd(BitConverter.DoubleToInt64Bits(argument.Value), _values)) return;
        _constants.Add(argument.Value);
        _values++;
    }

    private static IEnumerable<Node> OutputsOf(IReadOnlyList<StrategyGraph> graphs) => graphs.SelectMany(graph => graph.Outputs.Select(output => graph.Ordered[output.Index]));

    /// <summary>The value of each node of a graph that the run keeps: its targets and outputs.</summary>
    private int[] KeptValues(StrategyGraph graph)
    {
        var values = new int[graph.Ordered.Count];
        Array.Fill(values, Absent);
        foreach (var index in graph.Targets.Select(target => target.Index).Concat(graph.Outputs.Select(output => output.Index))) values[index] = FindValue(graph.Ordered[index]);
        return values;
    }

    private int ValueOf(Node node) => FindValue(node) is >= 0 and var value ? value : throw new InvalidOperationException($"{node.Text} is used before it is computed.");

    private int FindValue(Node node) => node.Role switch
    {
        NodeRole.Constant => _constantOf.GetValueOrDefault(BitConverter.DoubleToInt64Bits(node.Value), Absent),
        // A target is its weight, and an output of a panel one of the panel's values, under another name: no copy.
        NodeRole.Target => FindValue(node.Arguments[1]),
        NodeRole.Output => FindValue(node.Arguments[0]) is >= 0 and var first ? first + node.OutputIndex : Absent,
        _ => _valueOf.GetValueOrDefault(node.Key!, Absent),
    };

    private int ClockOf(IReadOnlyList<Node> arguments, int own)
    {
        var input = arguments.FirstOrDefault(argument => argument.Role is not (NodeRole.Constant or NodeRole.Stream));
        return _clocks.IndexOf(input?.Interval ?? own);
    }
}
