using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>Graphs made ready to run: every node that several strategies share is computed once, every kernel has its place in one block of state.</summary>
/// <remarks>
/// A plan is immutable and may be shared by threads; each run has its own <see cref="PlanRun"/>. Blocks are small enough, and slots are used again
/// soon enough, that values in the making stay in the first two cache levels; memory traffic is one read of the columns.
/// </remarks>
public sealed class ComputePlan
{
    /// <summary>The most bars computed at once unless a caller says otherwise.</summary>
    public const int DefaultBlockLength = 1024;

    private const int ShortestBlock = 64, BytesInCache = 384 * 1024;

    private readonly PlanNodes _graphs;
    private readonly int[][] _slots;

    internal ComputePlan(PlanNodes graphs, int[][] slots, PlanLayout layout)
    {
        _graphs = graphs;
        _slots = slots;
        Layout = layout;
    }

    /// <summary>The graph this plan computes; the first, when there are several.</summary>
    public StrategyGraph Graph => Graphs[0];

    /// <summary>The graphs this plan computes.</summary>
    public IReadOnlyList<StrategyGraph> Graphs => _graphs.Graphs;

    /// <summary>The columns that must be written before each block, in this order.</summary>
    public IReadOnlyList<PlanSource> Sources => Layout.Sources;

    /// <summary>How many doubles the run remembers in total: what the windows need, whatever the length of the history.</summary>
    public int StateLength => Layout.StateLength;

    /// <summary>True when there are longer bars than the data's own, so that the times of bars must be written before each block too.</summary>
    public bool NeedsTimes => Layout.Clocks.Length > 1 || Array.Exists(Layout.Steps, step => step.Kernel is ClockKernel);

    /// <summary>How many nodes are computed per bar.</summary>
    public int NodesComputed => Layout.Steps.Length;

    /// <summary>How many would be if each graph were computed by itself.</summary>
    public int NodesAsked => Graphs.Sum(graph => graph.Ordered.Count(node => node.Kernel is not null));

    /// <summary>The share of node evaluations that computing the graphs together saves: 0 nothing, 0.8 four of five.</summary>
    public double ReuseRatio => NodesAsked == 0 ? 0 : 1 - ((double)NodesComputed / NodesAsked);

    /// <summary>A block length at which the values in the making fit the cache; the results do not depend on it.</summary>
    public int PreferredBlockLength
    {
        get
        {
            var length = DefaultBlockLength;
            while (length > ShortestBlock && (long)length * Layout.SlotCount * sizeof(double) > BytesInCache) length /= 2;
            return length;
        }
    }

    internal PlanLayout Layout { get; }

    /// <summary>Makes a graph ready to run.</summary>
    public static ComputePlan For(StrategyGraph graph) => For([graph]);

    /// <summary>Makes several graphs ready to run together, over the same data. Nodes with equal identities are computed once.</summary>
    /// <exception cref="RefusalException">There is no graph, they are made for data of different intervals, or one [NodeCode] stands for two pieces of code.</exception>
    public static ComputePlan For(IReadOnlyList<StrategyGraph> graphs) => new PlanCompiler(PlanNodes.Of(graphs)).Compile();

    /// <summary>Makes ready what a cut computes; what it reads is written into each block of a run.</summary>
    public static ComputePlan For(GraphCut cut)
    {
        ArgumentNullException.ThrowIfNull(cut);
        return new PlanCompiler(PlanNodes.Of([cut.Graph]), cut).Compile();
    }

    /// <summary>Cuts the plan into at most <paramref name="count"/> parts that share no computed node, of about equal cost.</summary>
    /// <remarks>
    /// Each part is a plan over the same graphs that computes some of their targets and outputs (<see cref="Computes"/>); run each on a thread of its own,
    /// over the same data: the values are those of the whole plan, bit for bit. What is connected, such as the members of a panel that are compared with
    /// each other, stays together, so there may be fewer parts than asked for.
    /// </remarks>
    public IReadOnlyList<ComputePlan> Shards(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return PlanParts.Of(_graphs, count);
    }

    /// <summary>Begins a run before its first bar, at the preferred block length.</summary>
    public PlanRun Start() => Start(PreferredBlockLength);

    /// <summary>Begins a run before its first bar.</summary>
    /// <param name="blockLength">The most bars a block will have; 1 for a live stream.</param>
    public PlanRun Start(int blockLength) => new(this, blockLength);

    /// <summary>True when this plan computes node <paramref name="index"/> of graph <paramref name="graph"/>; a shard computes only some.</summary>
    public bool Computes(int graph, int index) => _slots[graph][index] >= 0;

    internal int SlotOf(int graph, int index)
    {
        var slot = _slots[graph][index];
        return slot >= 0
            ? slot
            : throw new InvalidOperationException(
                $"{Graphs[graph].Ordered[index].Text} has no values here: a run keeps those of targets and outputs, and a shard those it computes.");
    }
}

/// <summary>A column that a plan reads.</summary>
/// <param name="Instrument">The instrument.</param>
/// <param name="Column">The column, such as "close".</param>
/// <param name="Slot">Where it goes.</param>
public readonly record struct PlanSource(string Instrument, string Column, int Slot);

/// <summary>One kernel of a plan: which slots it reads and writes, where it remembers, on which clocks it lives.</summary>
internal sealed record PlanStep(Kernel Kernel, int[] Inputs, int[] Outputs, int StateStart, int Clock, int InputClock);

/// <summary>What a run needs to know.</summary>
/// <param name="Steps">The kernels in order.</param>
/// <param name="Constants">Values of the constants; their slots come first.</param>
/// <param name="Sources">The columns; their slots come next.</param>
/// <param name="Clocks">Seconds of each clock; the data's own is first.</param>
/// <param name="SlotCount">How many slots there are.</param>
/// <param name="StateLength">How many doubles of state; those of the clocks come first.</param>
internal sealed record PlanLayout(PlanStep[] Steps, double[] Constants, PlanSource[] Sources, int[] Clocks, int SlotCount, int StateLength)
{
    /// <summary>Where the values go that are read from elsewhere; their slots come behind those of the columns.</summary>
    public IReadOnlyDictionary<int, int[]> Reads { get; init; } = new Dictionary<int, int[]>();

    /// <summary>Where the values are that others are offered.</summary>
    public IReadOnlyDictionary<int, int[]> Offers { get; init; } = new Dictionary<int, int[]>();

    /// <summary>Behind which step each group of a cut ends; empty where there is no cut.</summary>
    public int[] GroupEnds { get; init; } = [];
}
