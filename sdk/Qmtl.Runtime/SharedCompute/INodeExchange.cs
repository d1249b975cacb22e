using Qmtl.Identity;

namespace Qmtl.Runtime;

/// <summary>Where sessions exchange the values of nodes: says who computes which, takes values, hands them out.</summary>
/// <remarks>One exchange serves one session. Every method throws <see cref="RefusalException"/> when it is refused or nobody answers.</remarks>
public interface INodeExchange
{
    /// <summary>Asks for nodes: those that no other session holds are this one's to compute.</summary>
    /// <param name="nodes">The nodes, each over its inputs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One grant for each, in that order.</returns>
    Task<IReadOnlyList<NodeGrant>> AcquireAsync(IReadOnlyList<NodeRequest> nodes, CancellationToken cancellationToken = default);

    /// <summary>Keeps what the session holds for another while.</summary>
    /// <param name="usage">Work since the last report.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The streams that are still held.</returns>
    Task<IReadOnlySet<string>> RenewAsync(NodeEvaluations usage, CancellationToken cancellationToken = default);

    /// <summary>Gives streams up; all of them, and the session with them, when none is named.</summary>
    /// <param name="streams">The streams.</param>
    /// <param name="usage">Work since the last report.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task ReleaseAsync(IReadOnlyList<string> streams, NodeEvaluations usage, CancellationToken cancellationToken = default);

    /// <summary>Appends values; all of them or none. Those of one stream follow on each other.</summary>
    /// <param name="batches">The values.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RefusalException">A stream is not this session's any more; the refusal names it as <c>stream_id</c>.</exception>
    Task AppendAsync(IReadOnlyList<NodeBatch> batches, CancellationToken cancellationToken = default);

    /// <summary>Reads values from the given bars on, and waits for more at the end. In order in each stream.</summary>
    /// <param name="from">The next bar of each stream.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    IAsyncEnumerable<NodeBatch> ReadAsync(IReadOnlyDictionary<string, long> from, CancellationToken cancellationToken = default);
}

/// <summary>A node over inputs.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Inputs">Fingerprint of everything beside the node that its values depend on.</param>
public readonly record struct NodeRequest(string NodeId, string Inputs);

/// <summary>What a session is to a node.</summary>
/// <param name="StreamId">Names the node's values.</param>
/// <param name="IsHeld">Whether the session computes it; otherwise another does.</param>
/// <param name="Epoch">Number of the lease.</param>
/// <param name="NextBar">Bars whose values are there.</param>
public sealed record NodeGrant(string StreamId, bool IsHeld, int Epoch, long NextBar);

/// <summary>Node evaluations: one node at one bar each.</summary>
/// <param name="Computed">Those made.</param>
/// <param name="Saved">Those not made, because another session had.</param>
public readonly record struct NodeEvaluations(long Computed, long Saved);

/// <summary>Values of one node over consecutive bars.</summary>
/// <param name="StreamId">Which values.</param>
/// <param name="Epoch">The producer's lease.</param>
/// <param name="FirstBar">Index of the first bar.</param>
/// <param name="FirstTime">When it opens, nanoseconds UTC.</param>
/// <param name="InputWindowHash">Fingerprint of the inputs from bar 0 to the last bar of the batch.</param>
/// <param name="Columns">A column for each output of the node, one value a bar, bit for bit; NaN where it is missing.</param>
public sealed record NodeBatch(string StreamId, int Epoch, long FirstBar, long FirstTime, string InputWindowHash, IReadOnlyList<double[]> Columns)
{
    /// <summary>Bars in the batch.</summary>
    public int Bars => Columns[0].Length;
}
