using Qmtl.Identity;

namespace Qmtl.Strategies;

public sealed partial class StrategyBuilder
{
    private readonly List<(string Name, Node Node)> _artifacts = [];

    /// <summary>
    /// Computes <paramref name="series"/>, keeps it under <paramref name="name"/> like <see cref="Output(string, Series)"/>, and has a backtest that is given
    /// an artifact store write it there, for research and for other strategies to read.
    /// </summary>
    public void Artifact(string name, Series series)
    {
        ArgumentNullException.ThrowIfNull(series);
        Output(name, series);
        _artifacts.Add((name, _outputs[^1].Node));
    }

    private StrategyGraph WithArtifacts(StrategyGraph graph)
    {
        graph.Artifacts = [.. _artifacts.Select(artifact => new ArtifactInfo(
            artifact.Name,
            artifact.Node.Id!,
            artifact.Node.Interval,
            ContentHash.Sha256Hex(artifact.Node.Spec!.Params),
            artifact.Node.Streams is [var only] ? only.Instrument : ArtifactInfo.SeveralInstruments,
            graph.Outputs.First(output => string.Equals(output.Name, artifact.Name, StringComparison.Ordinal)).Index))];
        return graph;
    }
}

/// <summary>A series that is written to an artifact store.</summary>
/// <param name="Name">The name.</param>
/// <param name="NodeId">The node: the factor of the artifact's key.</param>
/// <param name="IntervalSeconds">Seconds between its values.</param>
/// <param name="ConfigHash">SHA-256 of the node's parameters.</param>
/// <param name="Instrument">The instrument it is computed from, or <see cref="SeveralInstruments"/>.</param>
/// <param name="Index">Where a run keeps its values: what <see cref="PlanRun.Values(int)"/> takes.</param>
public sealed record ArtifactInfo(string Name, string NodeId, int IntervalSeconds, string ConfigHash, string Instrument, int Index)
{
    /// <summary>Stands for the instrument of what is computed from several.</summary>
    public const string SeveralInstruments = "__default__";
}
