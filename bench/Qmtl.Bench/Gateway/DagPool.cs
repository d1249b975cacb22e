using System.Globalization;
using System.Text;
using Qmtl.Identity;

namespace Qmtl.Bench.Gateway;

/// <summary>Nodes that strategies are drawn from: price streams, each with averages over it. No strategy is drawn twice.</summary>
internal sealed class DagPool
{
    private readonly Entry[][] _streams;
    private readonly HashSet<string> _drawn = new(StringComparer.Ordinal);
    private readonly Random _random;

    /// <summary>A pool of <paramref name="streams"/> times (1 + <paramref name="averages"/>) nodes.</summary>
    public DagPool(int streams, int averages, int seed)
    {
        _random = new Random(seed);
        _streams = [.. Enumerable.Range(0, streams).Select(stream => Stream(stream, averages))];
    }

    /// <summary>How many different nodes there are.</summary>
    public int Count => _streams.Sum(stream => stream.Length);

    /// <summary>The body of a submission of <paramref name="nodes"/> nodes that was not drawn before.</summary>
    public byte[] Draw(int nodes, string world)
    {
        while (true)
        {
            var stream = _streams[_random.Next(_streams.Length)];
            var chosen = new int[nodes - 1];
            Choose(stream.Length - 1, chosen);
            if (!_drawn.Add($"{stream[0].Id}:{string.Join(',', chosen)}")) continue;
            return Body([stream[0], .. chosen.Select(index => stream[index + 1])], world);
        }
    }

    // A random subset in ascending order.
    private void Choose(int from, int[] into)
    {
        var (left, need) = (from, into.Length);
        for (var candidate = 0; need > 0; candidate++, left--)
        {
            if (_random.Next(left) < need) into[^need--] = candidate;
        }
    }

    private static byte[] Body(Entry[] nodes, string world)
    {
        var dag = new StringBuilder("""{"schema_version":"v1","nodes":[""").AppendJoin(',', nodes.Select(node => node.Json)).Append("]}");
        var crc = Crc32.OfNodeIds(nodes.Select(node => node.Id));
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"dag_json":"{{{Convert.ToBase64String(Encoding.UTF8.GetBytes(dag.ToString()))}}}","world_ids":["{{{world}}}"],"node_ids_crc32":{{{crc}}},"meta":{"name":"burst"}}"""));
    }

    private static Entry[] Stream(int stream, int averages)
    {
        var price = Seal(new NodeSpec { NodeType = "StreamInput", Interval = 60, Tags = [string.Create(CultureInfo.InvariantCulture, $"asset-{stream}")], Name = "price" });
        return
        [
            Entry.Of(price),
            .. Enumerable.Range(2, averages).Select(period => Entry.Of(Seal(new NodeSpec { NodeType = "Sma", Interval = 60, Period = period, Dependencies = [price.NodeId!] }))),
        ];
    }

    private static NodeSpec Seal(NodeSpec node) => (node with { CodeHash = "code", SchemaHash = "schema", SchemaCompatId = "bars" }).Seal();

    private sealed record Entry(string Id, string Json)
    {
        public static Entry Of(NodeSpec node) => new(node.NodeId!, CanonicalJson.Write(node.ToValue()));
    }
}
