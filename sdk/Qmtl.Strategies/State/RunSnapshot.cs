using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>How much of a snapshot's origin must agree before a run goes on from it.</summary>
public enum RuntimeCompat
{
    /// <summary>The nodes and their schemas.</summary>
    Loose,

    /// <summary>Also library version, framework, processor and operator code.</summary>
    Strict,
}

/// <summary>A node of a snapshot.</summary>
/// <param name="Key">The node's identity; members of a tag query also carry their instrument.</param>
/// <param name="Interval">Seconds between its bars.</param>
/// <param name="Period">Its window in bars.</param>
/// <param name="SchemaCompatId">The schema its values follow.</param>
public sealed record SnapshotNode(string Key, int Interval, int Period, string SchemaCompatId);

/// <summary>What a snapshot says about itself.</summary>
public sealed record SnapshotMeta
{
    /// <summary>Identity of the plan: the hash of its nodes in order.</summary>
    public required string PlanId { get; init; }

    /// <summary>The nodes, in the order of the plan.</summary>
    public required IReadOnlyList<SnapshotNode> Nodes { get; init; }

    /// <summary>See <see cref="Strategies.RuntimeFingerprint"/>.</summary>
    public required string RuntimeFingerprint { get; init; }

    /// <summary><c>blake3:</c> and the hash of the state's bytes.</summary>
    public required string StateHash { get; init; }

    /// <summary>The last bar that the state has seen, nanoseconds UTC.</summary>
    public required long Watermark { get; init; }

    /// <summary>When it was taken.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What a run remembers at one moment: enough to go on elsewhere and compute the same bits.</summary>
public sealed class RunSnapshot
{
    private readonly byte[] _state;

    internal RunSnapshot(SnapshotMeta meta, byte[] state)
    {
        Meta = meta;
        _state = state;
    }

    /// <summary>What it says about itself.</summary>
    public SnapshotMeta Meta { get; }

    /// <summary>The state of every kernel, as <see cref="PlanRun.State"/> gives it.</summary>
    public ReadOnlySpan<byte> State => _state;

    /// <summary>Keeps what a run remembers.</summary>
    /// <param name="plan">The plan of the run.</param>
    /// <param name="run">The run, between two blocks.</param>
    /// <param name="watermark">The last bar it has processed, nanoseconds UTC.</param>
    /// <param name="time">The clock for <see cref="SnapshotMeta.CreatedAt"/>.</param>
    public static RunSnapshot Take(ComputePlan plan, PlanRun run, long watermark, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(time);
        var state = run.State.ToArray();
        var nodes = NodesOf(plan);
        return new RunSnapshot(
            new SnapshotMeta
            {
                PlanId = PlanIdOf(plan),
                Nodes = nodes,
                RuntimeFingerprint = Strategies.RuntimeFingerprint.Of(plan),
                StateHash = HashOf(state),
                Watermark = watermark,
                CreatedAt = time.GetUtcNow(),
            },
            state);
    }

    /// <summary>Identity of a plan: the hash of its nodes in order.</summary>
    public static string PlanIdOf(ComputePlan plan) => ContentHash.Stable(CanonicalValue.List(NodesOf(plan).Select(node => CanonicalValue.Of(node.Key)).Append(CanonicalValue.Of(Share(plan)))));

    /// <summary>Brings a run to where this snapshot was taken.</summary>
    /// <exception cref="RefusalException">It belongs to another plan, or in strict mode to another runtime; the message says what differs.</exception>
    public void Hydrate(ComputePlan plan, PlanRun run, RuntimeCompat compat)
    {
        ArgumentNullException.ThrowIfNull(run);
        var nodes = NodesOf(plan);
        if (nodes.Count != Meta.Nodes.Count) throw Differs("nodes", $"holds {Meta.Nodes.Count} nodes, the plan has {nodes.Count}");
        for (var i = 0; i < nodes.Count; i++)
        {
            var (mine, its) = (nodes[i], Meta.Nodes[i]);
            if (!string.Equals(mine.Key, its.Key, StringComparison.Ordinal)) throw Differs("nodes", $"holds {its.Key} where the plan has {mine.Key}");
            if (!string.Equals(mine.SchemaCompatId, its.SchemaCompatId, StringComparison.Ordinal))
                throw Differs("schema_compat_id", $"follows the schema {its.SchemaCompatId} at {its.Key}, the plan {mine.SchemaCompatId}");
        }

        if (!string.Equals(Meta.PlanId, PlanIdOf(plan), StringComparison.Ordinal)) throw Differs("plan_id", "is of another part of the same plan");
        if (compat == RuntimeCompat.Strict && !string.Equals(Meta.RuntimeFingerprint, Strategies.RuntimeFingerprint.Of(plan), StringComparison.Ordinal))
            throw Differs("runtime_fingerprint", "was taken by another version, framework or processor; start without it, or allow loose compatibility");
        if (_state.Length != run.State.Length) throw Differs("state", $"has {_state.Length} bytes of state, the plan needs {run.State.Length}");
        run.Restore(_state);
    }

    internal static string HashOf(ReadOnlySpan<byte> state) => NodeId.Prefix + Blake3.HashHex(state);

    private static List<SnapshotNode> NodesOf(ComputePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return [.. plan.Graphs.SelectMany(graph => graph.Ordered).Select(node => new SnapshotNode(node.Key!, node.Interval, node.Spec!.Period, node.Spec.SchemaCompatId ?? ""))];
    }

    /// <summary>Which nodes this part of a plan computes: shards have the nodes in common, not the state.</summary>
    private static string Share(ComputePlan plan) =>
        string.Concat(plan.Graphs.SelectMany((graph, g) => Enumerable.Range(0, graph.Ordered.Count).Select(i => plan.Computes(g, i) ? '1' : '0')));

    private static RefusalException Differs(string field, string problem) =>
        RefusalException.At(ReasonCodes.SnapshotInvalid, "/meta/" + field, $"The snapshot {problem}.");
}
