using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Identity.Tests;

public sealed class NodeIdTests
{
    private const string Processing =
        """
        {"node_type":"ProcessingNode","interval":60,"period":20,"params":{"window":20,"alpha":0.1,"s":[3,1],"nested":{"k":"é"}},
         "dependencies":["blake3:bb","blake3:aa"],"schema_compat_id":"c1","code_hash":"cafe"}
        """;

    private const string ProcessingId = "blake3:227f4071513c640cb07265c5e68af59a53318f6867e5362fe4f3fa393d3bbf1e";

    [Theory]
    [InlineData(
        """{"node_type":"StreamInput","interval":60,"period":30,"schema_compat_id":"ohlcv-v1","code_hash":"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"}""",
        "StreamInput|60|30|null||ohlcv-v1|74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b",
        "blake3:be66199cb316c13790727fa0e7a5f49326335e267843b185f59fd98d88f7da9c")]
    [InlineData(
        Processing,
        """ProcessingNode|60|20|{"alpha":0.1,"nested":{"k":"é"},"s":[3,1],"window":20}|blake3:aa,blake3:bb|c1|cafe""",
        ProcessingId)]
    [InlineData(
        """{"node_type":"TagQueryNode","interval":300,"period":5,"params":{"query_tags":["price","btc"],"match_mode":"all"},"schema_compat_id":"tq","code_hash":"00"}""",
        """TagQueryNode|300|5|{"interval":300,"match_mode":"all","query_tags":["btc","price"]}||tq|00""",
        "blake3:55de6caf4e3659a50b7e85d03a04592006726268e53ea236a735de6d3ac4be37")]
    [InlineData(
        """{"node_type":"ProcessingNode","params":{}}""",
        "ProcessingNode|0|0|{}|||",
        "blake3:2c00f475eded4660c89e797d3458e4a9b847a1c5f0aea14e8c17072b2522d578")]
    [InlineData(
        """{"node_type":"ProcessingNode","interval":1,"period":1,"params":{"h":1e17,"g":1e-7,"f":1.0,"b":true,"n":null},"schema_compat_id":"x","code_hash":"y"}""",
        """ProcessingNode|1|1|{"b":true,"f":1.0,"g":1e-07,"h":1e+17,"n":null}||x|y""",
        "blake3:1daac8bb4ec0a23aa4533c241ecc8ef72a2568e3d177a74e0bbee219b3a6066d")]
    public void Compute_GoldenNode_HasTheGoldenPreImageAndId(string json, string preImage, string id)
    {
        var spec = Read(json);
        Assert.Equal(preImage, NodeId.PreImage(spec));
        Assert.Equal(id, NodeId.Compute(spec));
    }

    [Theory]
    [InlineData("""{"World_ID":"w","execution_domain":"live","window":20,"alpha":0.1,"s":[3,1],"nested":{"seed":7,"env_x":1,"k":"é"}}""")]
    [InlineData("""{"s":[3,1],"nested":{"k":"é","ENV_Y":{"deep":1}},"AS_OF":"2025","window":20,"alpha":1e-1,"partition":3,"timestamp":0,"random_state":1,"env":null}""")]
    public void Compute_ContextKeysAnywhere_DoNotMatter(string parameters)
    {
        using var document = JsonDocument.Parse(parameters);
        Assert.Equal(ProcessingId, NodeId.Compute(Read(Processing) with { Params = CanonicalJson.Read(document.RootElement) }));
    }

    [Fact]
    public void Compute_NameTagsAndClaimedIdentity_DoNotMatter() =>
        Assert.Equal(ProcessingId, NodeId.Compute(Read(Processing) with { Name = "fast", Tags = ["a"], NodeId = "blake3:00", ConfigHash = "1", SchemaHash = "2" }));

    [Theory]
    [InlineData("""["blake3:aa","","blake3:bb"]""")]
    [InlineData("""["blake3:bb","blake3:aa",""]""")]
    public void Compute_DependencyOrderAndEmpties_DoNotMatter(string dependencies) =>
        Assert.Equal(ProcessingId, NodeId.Compute(Read(Processing.Replace("""["blake3:bb","blake3:aa"]""", dependencies, StringComparison.Ordinal))));

    [Fact]
    public void Compute_RepeatedDependency_Matters() =>
        Assert.NotEqual(ProcessingId, NodeId.Compute(Read(Processing) with { Dependencies = ["blake3:aa", "blake3:bb", "blake3:bb"] }));

    [Theory]
    [InlineData("""{"query_tags":["price"," btc ","price"],"match_mode":"all"}""")]
    [InlineData("""{"query_tags":"btc, price,","match_mode":"all","queues":["q1","q2"]}""")]
    [InlineData("""{"tags":["btc","price"],"match_mode":"all","window":3}""")]
    public void Compute_TagQueryHoweverWritten_HasOneId(string parameters) => Assert.Equal(
        "blake3:55de6caf4e3659a50b7e85d03a04592006726268e53ea236a735de6d3ac4be37",
        NodeId.Compute(Read($$"""{"node_type":"TagQueryNode","interval":"5m","period":5,"params":{{parameters}},"schema_compat_id":"tq","code_hash":"00"}""")));

    [Fact]
    public void Compute_IdTaken_GivesTheGoldenCollisionForm()
    {
        var spec = Read("""{"node_type":"ProcessingNode","params":{}}""");
        var plain = NodeId.Compute(spec);
        var first = NodeId.Compute(spec, new HashSet<string> { plain });

        Assert.StartsWith("blake3:ed0c1fd4e0b2c12b8972ad34650073428", first, StringComparison.Ordinal);
        Assert.Equal("blake3:".Length + 128, first.Length);
        Assert.Equal(Blake3.HashHex(Encoding.UTF8.GetBytes("ProcessingNode|0|0|{}||||collision:2"), 64), NodeId.Compute(spec, new HashSet<string> { plain, first })[7..]);
        Assert.Equal(plain, NodeId.Compute(spec, new HashSet<string>()));
    }

    [Fact]
    public void Compute_LegacySchemaId_CountsWhenAloneAndIsRefusedWhenItDiffers()
    {
        var spec = Read(Processing);
        Assert.Equal(ProcessingId, NodeId.Compute(spec with { SchemaCompatId = null, LegacySchemaId = "c1" }));
        Assert.Equal(ProcessingId, NodeId.Compute(spec with { LegacySchemaId = "c1" }));
        var refusal = Assert.Throws<RefusalException>(() => NodeId.Compute(spec with { LegacySchemaId = "c2" }));
        Assert.Equal("E_SCHEMA_COMPAT_MISMATCH", refusal.Code.Code);
    }

    [Fact]
    public void Compute_ParametersInAnyKeyOrder_HaveOneId() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<Dictionary<string, int>>().Where(map => map.Keys.All(key => key is not null && IsUnicode(key))).ToArbitrary(),
        ArbMap.Default.GeneratorFor<int>().ToArbitrary(),
        (map, seed) =>
        {
            var shuffled = map.ToArray();
            new System.Random(seed).Shuffle(shuffled);
            var one = new NodeSpec { NodeType = "P", Params = CanonicalObject.From(map) };
            var other = new NodeSpec { NodeType = "P", Params = CanonicalObject.From(new Dictionary<string, int>(shuffled)) };
            return NodeId.Compute(one) == NodeId.Compute(other);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Compute_AnyDependencyPermutation_HasOneId() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<NonEmptyString[]>().ToArbitrary(),
        ArbMap.Default.GeneratorFor<int>().ToArbitrary(),
        (dependencies, seed) =>
        {
            var ids = dependencies.Select(dependency => dependency.Get).ToArray();
            var shuffled = ids.ToArray();
            new System.Random(seed).Shuffle(shuffled);
            return NodeId.Compute(new NodeSpec { NodeType = "P", Dependencies = ids }) == NodeId.Compute(new NodeSpec { NodeType = "P", Dependencies = shuffled });
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Compute_ChangedWindow_HasAnotherId() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<(int, int)>().Where(pair => pair.Item1 != pair.Item2).ToArbitrary(),
        pair => NodeId.Compute(Window(pair.Item1)) != NodeId.Compute(Window(pair.Item2))).QuickCheckThrowOnFailure();

    [Fact]
    public void PreImage_ItsSource_KnowsNoContext()
    {
        // Identity must not depend on where a node runs: nothing that carries a context may even reach these functions.
        var inputs = typeof(NodeId).GetMethods().Where(method => method.Name is nameof(NodeId.Compute) or nameof(NodeId.PreImage)).SelectMany(method => method.GetParameters()).Select(p => p.ParameterType);
        Assert.All(inputs, type => Assert.Contains(type, new[] { typeof(NodeSpec), typeof(IReadOnlySet<string>) }));
        Assert.DoesNotContain(typeof(NodeSpec).GetProperties(), property => ContextKeys.IsContext(property.Name) || property.PropertyType == typeof(ComputeContext) || property.PropertyType == typeof(ExecutionDomain));
    }

    [Theory]
    [InlineData("blake3:be66199cb316c13790727fa0e7a5f49326335e267843b185f59fd98d88f7da9c", true)]
    [InlineData("blake3:BE66199cb316c13790727fa0e7a5f49326335e267843b185f59fd98d88f7da9c", false)]
    [InlineData("blake3:aa", false)]
    [InlineData("be66199cb316c13790727fa0e7a5f49326335e267843b185f59fd98d88f7da9c", false)]
    [InlineData(null, false)]
    public void IsWellFormed_Text_IsJudgedByForm(string? text, bool expected) => Assert.Equal(expected, NodeId.IsWellFormed(text));

    internal static NodeSpec Read(string json) => Assert.Single(NodeDocument.Read(Encoding.UTF8.GetBytes(json)));

    private static NodeSpec Window(int window) => new() { NodeType = "P", Params = CanonicalObject.From(new Dictionary<string, object?> { ["window"] = window }) };

    private static bool IsUnicode(string text) => text.EnumerateRunes().All(rune => rune != Rune.ReplacementChar);
}
