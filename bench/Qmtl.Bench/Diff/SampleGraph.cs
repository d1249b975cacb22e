using System.Globalization;
using Qmtl.DagManager.Diff;
using Qmtl.Identity;

namespace Qmtl.Bench.Diff;

/// <summary>Graphs as strategies submit them: for each instrument a price and nineteen operators on it, one to two inputs each.</summary>
internal static class SampleGraph
{
    public const string World = "bench";

    private const int NodesPerInstrument = 20;
    private static readonly string[] Operators = ["Sma", "Ema", "Rsi", "Atr", "ZScore", "Correlation"];
    private static readonly string OperatorCode = ContentHash.OfOperator("bench", "1");
    private static readonly string Schema = ContentHash.Sha256Hex("schema");

    public static Identity.ComputeContext Context { get; } = new(World, ExecutionDomain.Backtest, AsOf: "2026-01-01T00:00:00Z");

    /// <summary>A graph of its own for each <paramref name="salt"/>, every node behind its inputs.</summary>
    public static NodeSpec[] Create(int nodes, int salt)
    {
        var graph = new NodeSpec[nodes];
        for (var i = 0; i < nodes; i++)
        {
            var place = i % NodesPerInstrument;
            var instrument = string.Create(CultureInfo.InvariantCulture, $"s{salt}-{i / NodesPerInstrument}");
            graph[i] = place == 0 ? Price(instrument) : Operator(instrument, place, [graph[i - place].NodeId!, .. place > 2 ? [graph[i - 2].NodeId!] : Array.Empty<string>()]);
        }

        return graph;
    }

    /// <summary>The graph with another window in its last node.</summary>
    public static NodeSpec[] WithOneChanged(NodeSpec[] graph, int salt) => [.. graph[..^1], (graph[^1] with { Period = 100 + (salt % 9_000) }).Seal()];

    public static DiffSubmission Submission(string strategy, IReadOnlyList<NodeSpec> nodes) => new(strategy, nodes, Context, "v1");

    private static NodeSpec Price(string instrument) => Seal(new NodeSpec
    {
        NodeType = "StreamInput",
        Interval = 60,
        Params = CanonicalValue.Map(("instrument", CanonicalValue.Of(instrument))),
        Tags = [instrument, "price"],
        Name = instrument,
    });

    private static NodeSpec Operator(string instrument, int place, string[] inputs) => Seal(new NodeSpec
    {
        NodeType = Operators[place % Operators.Length],
        Interval = 60,
        Period = 10 + place,
        Params = CanonicalValue.Map(("price", CanonicalValue.Of("close")), ("window", CanonicalValue.Of(10 + place))),
        Dependencies = inputs,
        Tags = [instrument, Operators[place % Operators.Length].ToLowerInvariant()],
        Name = string.Create(CultureInfo.InvariantCulture, $"{instrument}-{place}"),
    });

    private static NodeSpec Seal(NodeSpec node) => (node with { CodeHash = OperatorCode, SchemaHash = Schema, SchemaCompatId = Schema }).Seal();
}
