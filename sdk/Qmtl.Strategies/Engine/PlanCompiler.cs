namespace Qmtl.Strategies;

/// <summary>Lays out the nodes of one or more graphs: which are computed, in which order, and where their values live.</summary>
/// <remarks>Values are numbered: constants first, then columns, then what the kernels compute, in the order in which they do.</remarks>
internal sealed class PlanCompiler
{
    private const int Absent = -1;

    private readonly PlanNodes _graphs;
    private readonly NodeTable _table;
    private readonly bool[]? _belongs;
    private readonly GraphCut? _cut;
    private readonly Dictionary<long, int> _constantOf = [];
    private readonly List<double> _constants = [];
    private readonly List<Node> _fields = [];
    private readonly List<int> _computed = [];
    private readonly List<int> _clocks = [];
    private readonly int[] _valueOf;
    private int _values;

    /// <summary>Compiles the nodes that <paramref name="belongs"/> marks, by their place in the table; all of them when it is null.</summary>
    public PlanCompiler(PlanNodes graphs, bool[]? belongs = null)
    {
        _graphs = graphs;
        _table = graphs.Table;
        _belongs = belongs;
        _valueOf = new int[_table.Nodes.Count];
        Array.Fill(_valueOf, Absent);
        foreach (var stream in _table.Nodes)
        {
            if (stream.Role != NodeRole.Stream) continue;
            if (_clocks.Count == 0) _clocks.Add(stream.Interval);
            if (stream.Interval != _clocks[0])
            {
                throw Refuse.Graph(
                    stream.Text, $"comes every {Interval.Format(stream.Interval)}, other bars every {Interval.Format(_clocks[0])}; graphs that are computed together read the same data");
            }
        }
    }

    /// <summary>Compiles what a cut computes; what it reads is written into the run instead.</summary>
    public PlanCompiler(PlanNodes graphs, GraphCut cut)
        : this(graphs, [.. graphs.Table.Nodes.Select((node, place) => cut.GroupOf[place] >= 0 || node.Kernel is null)]) => _cut = cut;

    public ComputePlan Compile()
    {
        Collect();
        var reads = _cut?.Read.Select(place => (Place: place, Values: NewValues(place))).ToArray() ?? [];
        var given = _values;
        // Groups run one by one, and each node of a group stands behind its inputs.
        if (_cut is not null) _computed.Sort((a, b) => _cut.GroupOf[a] != _cut.GroupOf[b] ? _cut.GroupOf[a] - _cut.GroupOf[b] : a - b);
        var steps = new PlanStep[_computed.Count];
        var state = LongBars.StateLength * (_clocks.Count - 1);
        for (var i = 0; i < steps.Length; i++)
        {
            var node = _table.Nodes[_computed[i]];
            var kernel = node.Kernel!;
            steps[i] = new PlanStep(kernel, InputsOf(_computed[i]), NewValues(_computed[i]), state, _clocks.IndexOf(node.Interval), ClockOf(node.Arguments, node.Interval));
            state += kernel.StateLength;
        }

        int[][] kept = [.. _graphs.Graphs.Select(KeptValues)];
        var offers = _cut?.Offered.Select(place => (Place: place, Values: ValuesOf(place))).ToArray() ?? [];
        // Slots are used again in the order of the steps; groups run in the order in which what they wait for comes, so each value has its own then.
        int[][] alone = _cut is { Groups.Count: > 1 } ? [[.. Enumerable.Range(0, _values)]] : [];
        var slotOf = PlanSlots.Assign(steps, given, _values, [.. kept, .. offers.Select(offer => offer.Values), .. alone], out var slots);
        // Nobody else has seen these arrays yet, so values become slots where they stand.
        foreach (var step in steps)
        {
            Replace(step.Inputs, slotOf);
            Replace(step.Outputs, slotOf);
        }

        foreach (var values in kept) Replace(values, slotOf);
        foreach (var (_, values) in offers) Replace(values, slotOf);
        foreach (var (_, values) in reads) Replace(values, slotOf);
        return new ComputePlan(
            _graphs,
            kept,
            new PlanLayout(
                steps, [.. _constants], [.. _fields.Select((field, i) => new PlanSource(field.Instrument, field.Column, _constants.Count + i))], [.. _clocks], slots, state)
            {
                Reads = reads.ToDictionary(read => read.Place, read => read.Values),
                Offers = offers.ToDictionary(offer => offer.Place, offer => offer.Values),
                GroupEnds = GroupEnds(),
            });
    }

    /// <summary>Behind which step each group of a cut ends.</summary>
    private int[] GroupEnds()
    {
        if (_cut is null) return [];
        var end = 0;
        return [.. _cut.Groups.Select(group => end += group.Nodes.Count)];
    }

    /// <summary>Finds what is computed and what that reads; numbers the constants and the columns.</summary>
    private void Collect()
    {
        var isRead = new bool[_valueOf.Length];
        for (var place = 0; place < isRead.Length; place++)
        {
            var node = _table.Nodes[place];
            // A target of a constant, or of a column, is computed by nobody and belongs to the part that is asked about it.
            if ((node.Kernel is null && node.Role != NodeRole.Target) || !Belongs(place)) continue;
            if (node.Kernel is not null) Add(place, node);
            var inputs = _table.InputsOf(place);
            for (var i = 0; i < inputs.Length; i++)
            {
                if (inputs[i] == NodeTable.Constant) AddConstant(node.Arguments[i].Value);
                else isRead[inputs[i]] = true;
            }
        }

        foreach (var end in _graphs.Ends()) isRead[end] |= Belongs(end);
        // The order of first use would differ between a plan and its shards; that of the graphs does not.
        for (var place = 0; place < isRead.Length; place++)
        {
            if (!isRead[place] || _table.Nodes[place].Role != NodeRole.Field) continue;
            _valueOf[place] = _values++;
            _fields.Add(_table.Nodes[place]);
        }
    }

    private bool Belongs(int place) => _belongs is null || _belongs[place];

    private void Add(int place, Node node)
    {
        _computed.Add(place);
        if (!_clocks.Contains(node.Interval)) _clocks.Add(node.Interval);
    }

    private void AddConstant(double value)
    {
        if (!_constantOf.TryAdd(BitConverter.DoubleToInt64Bits(value), _values)) return;
        _constants.Add(value);
        _values++;
    }

    /// <summary>The values that a node reads, in the order of its arguments. Streams have none.</summary>
    private int[] InputsOf(int place)
    {
        var arguments = _table.Nodes[place].Arguments;
        var inputs = new int[arguments.Length];
        var count = 0;
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].Role == NodeRole.Stream) continue;
            var value = ValueOfInput(place, i);
            inputs[count++] = value >= 0 ? value : throw new InvalidOperationException($"{arguments[i].Text} is used before it is computed.");
        }

        return count == inputs.Length ? inputs : inputs[..count];
    }

    private int[] NewValues(int place)
    {
        var outputs = new int[_table.Nodes[place].Kernel is PanelKernel panel ? panel.OutputCount : 1];
        _valueOf[place] = _values;
        for (var i = 0; i < outputs.Length; i++) outputs[i] = _values++;
        return outputs;
    }

    private int[] ValuesOf(int place) =>
        [.. Enumerable.Range(_valueOf[place], _table.Nodes[place].Kernel is PanelKernel panel ? panel.OutputCount : 1)];

    /// <summary>The value of each node of a graph that the run keeps: its targets and outputs.</summary>
    private int[] KeptValues(StrategyGraph graph, int ordinal)
    {
        var values = new int[graph.Ordered.Count];
        Array.Fill(values, Absent);
        foreach (var index in PlanNodes.EndsOf(graph)) values[index] = ValueOf(_graphs.PlaceOf(ordinal, index));
        return values;
    }

    private int ValueOf(int place) => _table.Nodes[place] switch
    {
        // A target is its weight, and an output of a panel one of the panel's values, under another name: no copy.
        { Role: NodeRole.Target } => ValueOfInput(place, 1),
        { Role: NodeRole.Output } output => ValueOfInput(place, 0) is >= 0 and var first ? first + output.OutputIndex : Absent,
        _ => _valueOf[place],
    };

    private int ValueOfInput(int place, int argument) => _table.InputsOf(place)[argument] is not NodeTable.Constant and var input
        ? ValueOf(input)
        : _constantOf.GetValueOrDefault(BitConverter.DoubleToInt64Bits(_table.Nodes[place].Arguments[argument].Value), Absent);

    private int ClockOf(Node[] arguments, int own)
    {
        var input = Array.Find(arguments, static argument => argument.Role is not (NodeRole.Constant or NodeRole.Stream));
        return _clocks.IndexOf(input?.Interval ?? own);
    }

    private static void Replace(int[] values, int[] slotOf)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] != Absent) values[i] = slotOf[values[i]];
        }
    }
}
