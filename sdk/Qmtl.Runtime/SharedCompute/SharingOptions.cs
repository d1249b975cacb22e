using Qmtl.Identity;

namespace Qmtl.Runtime;

/// <summary>How a run shares nodes with others.</summary>
public sealed record SharingOptions
{
    /// <summary>How long a session that fell silent keeps its nodes; 0.5 s to 60 s. Another takes them over behind that.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait for a producer that lives but does not get on, before its nodes are computed here.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait for values before asking whether their producer still lives.</summary>
    internal TimeSpan Glance => Lease / 3;

    internal void ThrowIfRefused()
    {
        if (Lease < TimeSpan.FromSeconds(0.5) || Lease > TimeSpan.FromMinutes(1)) throw RefusalException.At(ReasonCodes.InvalidArgument, "/sharing/lease", $"lease must be 0.5 s to 60 s, was {Lease.TotalSeconds} s");
        if (Patience < Lease) throw RefusalException.At(ReasonCodes.InvalidArgument, "/sharing/patience", $"patience must be at least the lease of {Lease.TotalSeconds} s, was {Patience.TotalSeconds} s");
    }
}

/// <summary>What sharing did for a run.</summary>
public sealed record SharingReport
{
    /// <summary>Nodes of the strategy that are computed by a kernel.</summary>
    public required int Nodes { get; init; }

    /// <summary>Of these, nodes that were read from another session.</summary>
    public required int NodesRead { get; init; }

    /// <summary>Nodes that were computed here, in the end.</summary>
    public required int NodesComputed { get; init; }

    /// <summary>Of these, nodes that were published for others.</summary>
    public required int NodesPublished { get; init; }

    /// <summary>Nodes that this run took over, because their producer fell silent.</summary>
    public required int NodesTakenOver { get; init; }

    /// <summary>Node evaluations made, those that a takeover made twice included.</summary>
    public required long EvaluationsComputed { get; init; }

    /// <summary>Node evaluations that were not necessary.</summary>
    public required long EvaluationsSaved { get; init; }

    /// <summary>Share of the strategy's node evaluations that were not necessary: 0 none, 0.8 four of five.</summary>
    public required double ReuseRatio { get; init; }

    /// <summary>Why nodes that could have been shared were computed here for nobody else; empty when there was no reason.</summary>
    public required IReadOnlyList<string> Fallbacks { get; init; }
}
