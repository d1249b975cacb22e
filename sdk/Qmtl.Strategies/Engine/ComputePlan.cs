namespace Qmtl.Strategies;

/// <summary>A graph made ready to run: every node has a slot in one arena, every kernel its place in one block of state.</summary>
/// <remarks>
/// A plan is immutable and may be shared by threads; each run has its own <see cref="PlanRun"/>. Blocks are small enough that all slots of a
/// usual graph stay in the first two cache levels, so memory traffic is one read of the columns.
/// </remarks>
public sealed class ComputePlan
{
    /// <summary>Bars computed at once unless a caller says otherwise.</summary>
    public const int DefaultBlockLength = 1024;

    private ComputePlan(StrategyGraph graph, PlanStep[] steps, int[] slots, double[] constants, PlanSource[] sources, int slotCount, int stateLength)
    {
        Graph = graph;
        Steps = steps;
        Slots = slots;
        Constants = constants;
        Sources = sources;
        SlotCount = slotCount;
        StateLength = stateLength;
    }

    /// <summary>The graph this plan computes.</summary>
    public StrategyGraph Graph { get; }

    /// <summary>The columns that must be written before each block, in this order.</summary>
    public IReadOnlyList<PlanSource> Sources { get; }

    /// <summary>How many doubles the kernels remember in total: what the windows need, whatever the length of the history.</summary>
    public int StateLength { get; }

    internal PlanStep[] Steps { get; }

    /// <summary>Slot of each node of the graph; -1 for a bar stream, which has no values of its own.</summary>
    internal int[] Slots { get; }

    /// <summary>Values of the constants; their slots come first.</summary>
    internal double[] Constants { get; }

    internal int SlotCount { get; }

    /// <summary>Makes a graph ready to run.</summary>
    public static ComputePlan For(StrategyGraph graph) => new Compiler(graph).Compile();

    /// <summary>Begins a run before its first bar.</summary>
    /// <param name="blockLength">The most bars a block will have; 1 for a live stream.</param>
    public PlanRun Start(int blockLength = DefaultBlockLength) => new(this, blockLength);

    private sealed class Compiler(StrategyGraph graph)
    {
        private readonly Dictionary<double, int> _constants = [];
        private readonly List<PlanStep> _steps = [];
        private readonly List<PlanSource> _sources = [];
        private readonly Dictionary<string, int> _slotOf = new(StringComparer.Ordinal);

        public ComputePlan Compile()
        {
            foreach (var constant in graph.Ordered.SelectMany(node => node.Arguments).Where(node => node.Role == NodeRole.Constant))
                _constants.TryAdd(constant.Value, _constants.Count);

            var nextSlot = _constants.Count;
            var state = 0;
            foreach (var node in graph.Ordered)
            {
                var slot = node.Role switch
                {
                    NodeRole.Stream => -1,
                    // A target is its weight under another name: no copy.
                    NodeRole.Target => SlotOf(node.Arguments[1]),
                    NodeRole.Output => SlotOf(node.Arguments[0]) + node.OutputIndex,
                    _ => nextSlot,
                };
                if (slot == nextSlot) nextSlot += node.Kernel is PanelKernel several ? several.OutputCount : 1;
                _slotOf.Add(node.Key!, slot);
                if (node.Role == NodeRole.Field) _sources.Add(new PlanSource(node.Instrument, node.Column, slot));
                if (node.Kernel is not { } kernel) continue;
                _steps.Add(new PlanStep(kernel, [.. node.Arguments.Select(SlotOf)], slot, kernel is PanelKernel panel ? panel.OutputCount : 1, state, kernel.StateLength));
                state += kernel.StateLength;
            }

            return new ComputePlan(
                graph, [.. _steps], [.. graph.Ordered.Select(node => _slotOf[node.Key!])], [.. _constants.OrderBy(c => c.Value).Select(c => c.Key)],
                [.. _sources], nextSlot, state);
        }

        private int SlotOf(Node node) => node.Role == NodeRole.Constant ? _constants[node.Value] : _slotOf[node.Key!];
    }
}

/// <summary>A column that a plan reads.</summary>
/// <param name="Instrument">The instrument.</param>
/// <param name="Column">The column, such as "close".</param>
/// <param name="Slot">Where it goes.</param>
public readonly record struct PlanSource(string Instrument, string Column, int Slot);

/// <summary>One kernel of a plan: where it reads, writes and remembers.</summary>
internal sealed record PlanStep(Kernel Kernel, int[] Inputs, int Output, int OutputCount, int StateStart, int StateLength);
