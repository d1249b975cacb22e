using System.Text;
using System.Text.Json;

namespace Qmtl.Identity.Tests;

public sealed class SubmissionCheckTests
{
    private static readonly NodeSpec Price = Node("price", "StreamInput").Seal();
    private static readonly NodeSpec Fast = Node("fast", "ProcessingNode", Price.NodeId!).Seal();
    private static readonly NodeSpec Slow = (Node("slow", "ProcessingNode", Price.NodeId!) with { Period = 30 }).Seal();

    [Fact]
    public void Inspect_DocumentTheSdkWrote_PassesWithTheSameIdentities()
    {
        using var document = CanonicalJson.Parse(NodeDocument.Write([Price, Fast, Slow]));
        var check = SubmissionCheck.Inspect(document.RootElement, Crc(Price, Fast, Slow));

        check.ThrowIfRefused();
        Assert.True(check.Passed);
        Assert.Equal([Price.NodeId, Fast.NodeId, Slow.NodeId], check.Nodes.Select(node => node.NodeId));
        Assert.Equal([0, 1, 2], check.Graph.Order);
    }

    [Fact]
    public void Inspect_MissingFields_AreAllNamed()
    {
        var tags = new NodeSpec { NodeType = "TagQueryNode", CodeHash = "c", ConfigHash = "c", SchemaHash = "s", SchemaCompatId = "x", NodeId = "blake3:00" };
        var check = SubmissionCheck.Inspect([Price with { CodeHash = "", SchemaHash = null }, tags], 0);

        Assert.Equal([(0, "code_hash"), (0, "schema_hash"), (1, "tags"), (1, "interval")], check.MissingFields.Select(missing => (missing.Index, missing.Field)));
        var refusal = Refusal(check, "E_NODE_ID_FIELDS");
        Assert.Equal(["/nodes/0/code_hash", "/nodes/0/schema_hash", "/nodes/1/tags", "/nodes/1/interval"], refusal.Errors.Select(error => error.Pointer));
        Assert.Equal("code_hash, schema_hash, tags, interval", refusal.Metadata["missing_fields"]);
    }

    [Fact]
    public void Inspect_SchemaIdsThatDiffer_AreRefused() =>
        Assert.Equal("/nodes/1/schema_id", Assert.Single(Refusal(SubmissionCheck.Inspect([Price, Fast with { LegacySchemaId = "other" }], 0), "E_SCHEMA_COMPAT_MISMATCH").Errors).Pointer);

    [Theory]
    [InlineData(1u)]
    [InlineData(null)]
    public void Inspect_WrongOrMissingChecksum_TellsTheRightOne(uint? declared)
    {
        var refusal = Refusal(SubmissionCheck.Inspect([Price, Fast], declared), "E_CHECKSUM_MISMATCH");
        Assert.Equal($"{Crc(Price, Fast)}", refusal.Metadata["expected"]);
    }

    [Fact]
    public void Inspect_WrongIdentity_TellsTheRightOneOfEachNode()
    {
        var wrong = Fast with { NodeId = "blake3:00" };
        var check = SubmissionCheck.Inspect([Price, wrong, Slow], Crc(Price, wrong, Slow));

        Assert.Equal(new NodeIdMismatch(1, "ProcessingNode", "blake3:00", Fast.NodeId!), Assert.Single(check.Mismatches));
        var refusal = Refusal(check, "E_NODE_ID_MISMATCH");
        Assert.Equal("/nodes/1/node_id", Assert.Single(refusal.Errors).Pointer);
        Assert.Equal($$"""[{"expected":"{{Fast.NodeId}}","index":1,"node_id":"blake3:00"}]""", refusal.Metadata["node_id_mismatch"]);
    }

    [Fact]
    public void Inspect_IdentityOthersDependOnIsWrong_IsReportedAsThatNotAsAMissingNode()
    {
        var wrong = Price with { NodeId = "blake3:00" };
        Refusal(SubmissionCheck.Inspect([wrong, Fast], Crc(wrong, Fast)), "E_NODE_ID_MISMATCH");
    }

    [Fact]
    public void Inspect_Circle_IsNamedWhateverElseIsWrong()
    {
        var a = Node("a", "ProcessingNode", "blake3:c") with { NodeId = "blake3:a", ConfigHash = "x" };
        var b = Node("b", "ProcessingNode", "blake3:a") with { NodeId = "blake3:b", ConfigHash = "x" };
        var c = Node("c", "ProcessingNode", "blake3:b", Price.NodeId!) with { NodeId = "blake3:c", ConfigHash = "x" };
        var check = SubmissionCheck.Inspect([Price, a, b, c], 0);

        var refusal = Refusal(check, "E_CYCLE");
        Assert.Equal("a -> c -> b -> a", refusal.Metadata["cycle"]);
        Assert.Equal([0], check.Graph.Order);
    }

    [Fact]
    public void Inspect_NodeThatDependsOnItself_IsACircle() =>
        Assert.Equal("a -> a", Refusal(SubmissionCheck.Inspect([Node("a", "P", "blake3:a") with { NodeId = "blake3:a", ConfigHash = "x" }], 0), "E_CYCLE").Metadata["cycle"]);

    [Fact]
    public void Inspect_DependencyOutsideTheDocument_IsRefused()
    {
        var refusal = Refusal(SubmissionCheck.Inspect([Fast], Crc(Fast)), "E_UNKNOWN_DEPENDENCY");
        Assert.Contains(Price.NodeId!, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_VersionSentinel_HasNoIdentityToCheck()
    {
        var sentinel = new NodeSpec { NodeType = NodeSpec.SentinelType, NodeId = "s-sentinel" };
        SubmissionCheck.Inspect([Price, sentinel], Crc(Price, sentinel)).ThrowIfRefused();
    }

    [Theory]
    [InlineData("""{"nodes":[]}""", "/schema_version")]
    [InlineData("""{"schema_version":"v2","nodes":[]}""", "/schema_version")]
    [InlineData("""{"schema_version":"v1"}""", "/nodes")]
    [InlineData("""{"schema_version":1,"nodes":[]}""", "/nodes")]
    [InlineData("""{"schema_version":1.0,"nodes":{}}""", "/nodes")]
    [InlineData("""{"schema_version":"v1","nodes":[1]}""", "/nodes/0")]
    [InlineData("""{"schema_version":"v1","nodes":[{"period":-1}]}""", "/nodes/0/period")]
    [InlineData("""{"schema_version":"v1","nodes":[{"interval":true}]}""", "/nodes/0/interval")]
    [InlineData("""{"schema_version":"v1","nodes":[{"interval":"25h"}]}""", "/nodes/0/interval")]
    [InlineData("""{"schema_version":"v1","nodes":[{"interval":1.5}]}""", "/nodes/0/interval")]
    [InlineData("""{"schema_version":"v1","nodes":[{"params":[1]}]}""", "/nodes/0/params")]
    [InlineData("""{"schema_version":"v1","nodes":[{"dependencies":["a",1]}]}""", "/nodes/0/dependencies/1")]
    [InlineData("""{"schema_version":"v1","nodes":[{"dependencies":["a"],"inputs":["b"]}]}""", "/nodes/0/inputs")]
    [InlineData("""{"schema_version":"v1","nodes":[{"code_hash":"a|b"}]}""", "/nodes/0/code_hash")]
    [InlineData("""{"schema_version":"v1","nodes":[{"node_type":"TagQueryNode"}]}""", "/nodes/0/params/query_tags")]
    [InlineData("""{"schema_version":"v1","nodes":[{"node_type":"TagQueryNode","tags":["a"],"match_mode":"some"}]}""", "/nodes/0/match_mode")]
    [InlineData("[]", "")]
    public void Inspect_DocumentOfAnotherShape_IsRefusedAtItsPointer(string json, string pointer)
    {
        using var document = JsonDocument.Parse(json);
        var refusal = Assert.Throws<RefusalException>(() => SubmissionCheck.Inspect(document.RootElement, 0));
        Assert.Equal(("E_SCHEMA_INVALID", pointer), (refusal.Code.Code, refusal.Errors[0].Pointer));
    }

    [Fact]
    public void Read_SeveralWrongFields_AreAllNamed()
    {
        var refusal = Assert.Throws<RefusalException>(() => NodeDocument.Read("""[{"interval":-5,"period":"x","name":7}]"""u8.ToArray()));
        Assert.Equal(["/0/interval", "/0/period", "/0/name"], refusal.Errors.Select(error => error.Pointer));
    }

    [Theory]
    [InlineData("60", 60)]
    [InlineData("\"60s\"", 60)]
    [InlineData("\"5m\"", 300)]
    [InlineData("\"1h\"", 3600)]
    [InlineData("null", 0)]
    public void Read_Interval_IsSecondsHoweverWritten(string interval, int seconds) =>
        Assert.Equal(seconds, NodeIdTests.Read($$"""{"node_type":"P","interval":{{interval}}}""").Interval);

    [Fact]
    public void Resolve_NamesInAnyOrder_BecomeIdentitiesInDocumentOrder()
    {
        const string Json = """[{"name":"top","node_type":"P","dependencies":["price","blake3:aa"]},{"name":"price","node_type":"StreamInput"}]""";
        var resolved = NodeGraph.Of(NodeDocument.Read(Encoding.UTF8.GetBytes(Json))).Resolve();

        var price = NodeId.Compute(new NodeSpec { NodeType = "StreamInput" });
        Assert.Equal(["top", "price"], resolved.Select(node => node.Name));
        Assert.Equal(NodeId.Compute(new NodeSpec { NodeType = "P", Dependencies = [price, "blake3:aa"] }), resolved[0].NodeId);
        Assert.Equal(price, resolved[1].NodeId);
    }

    [Fact]
    public void Resolve_NameThatIsNowhere_IsRefused()
    {
        var graph = NodeGraph.Of(NodeDocument.Read("""{"nodes":[{"name":"top","node_type":"P","dependencies":["prise"]}]}"""u8.ToArray()));
        Assert.Equal("E_UNKNOWN_DEPENDENCY", Assert.Throws<RefusalException>(graph.Resolve).Code.Code);
    }

    [Fact]
    public void Of_FiveThousandNodesInAChain_AreOrdered()
    {
        NodeSpec[] chain = [.. Enumerable.Range(0, 5000).Select(i => Node($"n{i}", "P", i < 4999 ? $"n{i + 1}" : "") with { Dependencies = i < 4999 ? [$"n{i + 1}"] : [] })];
        Assert.Equal(Enumerable.Range(0, 5000).Reverse(), NodeGraph.Of(chain).Order);
    }

    private static NodeSpec Node(string name, string type, params string[] dependencies) => new()
    {
        Name = name,
        NodeType = type,
        Interval = 60,
        Period = 10,
        Params = CanonicalValue.Map(("window", CanonicalValue.Of(10))),
        Dependencies = dependencies,
        SchemaCompatId = "v1",
        SchemaHash = "s",
        CodeHash = ContentHash.OfOperator("sma", "1"),
    };

    private static uint Crc(params NodeSpec[] nodes) => Crc32.OfNodeIds(nodes.Select(node => node.NodeId!));

    private static RefusalException Refusal(SubmissionCheck check, string code)
    {
        Assert.False(check.Passed);
        var refusal = Assert.Throws<RefusalException>(check.ThrowIfRefused);
        Assert.Equal(code, refusal.Code.Code);
        return refusal;
    }
}
