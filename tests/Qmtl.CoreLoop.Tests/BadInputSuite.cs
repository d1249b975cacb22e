using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Identity;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>What is wrong is refused by name, the same over HTTP and gRPC, and leaves nothing behind.</summary>
public abstract class BadInputSuite<TStack>(StackFixture<TStack> fixture)
    where TStack : StackUnderTest, new()
{
    private const int LargestBody = 8 * 1024 * 1024;

    [ConformanceFact]
    public async Task Submissions_ThatAreWrong_AreRefusedTheSameOverHttpAndGrpc()
    {
        using var door = new Door(await fixture.GetAsync());
        var world = await door.WorldAsync();
        (string What, StrategySubmit Submit, int Status, string Code)[] wrong =
        [
            ("unknown world", Door.Submission("nowhere", Door.Graph(10, 30)), 404, "E_WORLD_UNKNOWN"),
            ("no world", Door.Submission(world, Door.Graph(10, 30)).Also(s => s.WorldIds.Clear()), 422, "E_WORLD_IDS_REQUIRED"),
            ("not JSON", Changed(world, _ => ByteString.CopyFromUtf8("{nodes")), 400, "E_INVALID_JSON"),
            ("other schema", Changed(world, dag => Edit(dag, root => root["schema_version"] = "v9")), 400, "E_SCHEMA_INVALID"),
            ("wrong NodeID", Changed(world, dag => Edit(dag, root => First(root)["params"]!["instrument"] = "ETH-USDT")), 400, "E_NODE_ID_MISMATCH"),
            ("no code hash", Changed(world, dag => Edit(dag, root => First(root).Remove("code_hash"))), 400, "E_NODE_ID_FIELDS"),
            ("wrong checksum", new StrategySubmit(Door.Submission(world, Door.Graph(10, 30))) { NodeIdsCrc32 = 1 }, 400, "E_CHECKSUM_MISMATCH"),
            ("a cycle", Changed(world, dag => Edit(dag, Loop)), 400, "E_CYCLE"),
            ("a dependency that is not there", WithoutFirstNode(world), 400, "E_UNKNOWN_DEPENDENCY"),
        ];

        foreach (var (what, submit, status, code) in wrong)
        {
            var http = await door.PostAsync("/strategies", submit);
            var grpc = await Assert.ThrowsAsync<RefusalException>(() => door.Gateway.SubmitStrategyAsync(submit).ResponseAsync.Within());
            AssertProblem(what, http, status, code);
            Assert.True(grpc.Code.Code == code, $"{what}: gRPC answered {grpc.Code.Code}: {grpc.Detail}");
        }

        Assert.Empty((await door.GetAsync($"/strategies?world={world}")).As<ListStrategiesResponse>().Strategies);
        Assert.Empty((await door.Worlds.ListBindingsAsync(new ListBindingsRequest { WorldId = world }).ResponseAsync.Within()).Strategies);
    }

    [ConformanceFact]
    public async Task Mismatches_SayWhatWasExpected()
    {
        using var door = new Door(await fixture.GetAsync());
        var world = await door.WorldAsync();
        var graph = Door.Graph(10, 30);

        var checksum = await door.PostAsync("/strategies", new StrategySubmit(Door.Submission(world, graph)) { NodeIdsCrc32 = 1 });
        var identity = await door.PostAsync("/strategies", Changed(world, dag => Edit(dag, root => First(root)["params"]!["instrument"] = "ETH-USDT")));

        Assert.Contains(graph.NodeIdsCrc32.ToString(System.Globalization.CultureInfo.InvariantCulture), checksum.Text, StringComparison.Ordinal);
        Assert.Contains("/nodes/0", identity.Text, StringComparison.Ordinal);
        Assert.Matches("expected.{0,40}blake3:[0-9a-f]{64}", identity.Text);
    }

    [ConformanceFact]
    public async Task Requests_ThatAreWrong_AreProblemsThatNameTheField()
    {
        using var door = new Door(await fixture.GetAsync());
        var world = await door.WorldAsync();
        (string What, HttpMethod Method, string Path, string? Body, string Type, int Status, string Code, string? Pointer)[] wrong =
        [
            ("decision of an unknown world", HttpMethod.Get, "/worlds/nowhere/decide", null, "application/json", 404, "E_WORLD_UNKNOWN", null),
            ("unknown route", HttpMethod.Get, "/nothing/here", null, "application/json", 404, "E_NOT_FOUND", null),
            ("a policy with a typo", HttpMethod.Post, $"/worlds/{world}/policies", "tresholds: {}\n", "application/yaml", 422, "E_POLICY_INVALID", "/tresholds"),
            ("a policy with an unknown metric", HttpMethod.Post, $"/worlds/{world}/policies", "thresholds:\n  a: {metric: sharp, min: 1}\n", "application/yaml", 422, "E_POLICY_INVALID", "/thresholds/a/metric"),
            ("a body that is no JSON", HttpMethod.Post, "/worlds", "{", "application/json", 400, "E_INVALID_JSON", null),
            ("an unknown field", HttpMethod.Post, "/worlds", """{"idd":"x"}""", "application/json", 422, "E_UNKNOWN_FIELD", "/idd"),
            ("another content type", HttpMethod.Post, "/worlds", "<world/>", "text/xml", 415, "E_CONTENT_TYPE", null),
            ("a body that is too large", HttpMethod.Post, "/worlds", $$"""{"id":"big","description":"{{new string('x', LargestBody)}}"}""", "application/json", 413, "E_TOO_LARGE", null),
            ("a stage that does not exist", HttpMethod.Post, $"/worlds/{world}/evaluate", """{"strategy_id":"a","stage":"moon"}""", "application/json", 422, "E_INVALID_ARGUMENT", "/stage"),
            ("a metric that is no number", HttpMethod.Post, $"/worlds/{world}/evaluate", """{"metrics":{"a":{"sharpe":"NaN"}}}""", "application/json", 422, "E_INVALID_ARGUMENT", "/metrics/a/sharpe"),
            ("a limit below 1", HttpMethod.Get, "/strategies?limit=-1", null, "application/json", 422, "E_INVALID_ARGUMENT", "/limit"),
            ("a negative interval", HttpMethod.Get, "/queues/by_tag?tags=a&interval=-60", null, "application/json", 422, "E_INVALID_ARGUMENT", "/interval"),
            ("a call that may reach a venue", HttpMethod.Post, $"/worlds/{world}/apply", """{"run_id":"r"}""", "application/json", 403, "E_PERMISSION_DENIED", null),
        ];

        foreach (var (what, method, path, body, type, status, code, pointer) in wrong)
        {
            var answer = await door.SendAsync(method, path, body, type);
            AssertProblem(what, answer, status, code);
            if (pointer is not null) Assert.True(answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString() == pointer, $"{what}: {answer.Text}");
        }

        Assert.Equal(1, (await door.GetAsync($"/worlds/{world}/policies")).Json.GetProperty("policies").GetArrayLength());
        Assert.Equal(404, (int)(await door.GetAsync("/worlds/big")).Status);
    }

    [ConformanceFact]
    public async Task DryRun_KeepsNothing()
    {
        using var door = new Door(await fixture.GetAsync());
        var world = await door.WorldAsync();
        // A dry run does not wait for a graph that is slow to answer, as one is that was never asked before.
        await door.SubmitAsync(await door.WorldAsync(), 5, 7);

        var answer = await door.PostAsync("/strategies/dry-run", Door.Submission(world, Door.Graph(10, 30)));

        Assert.Equal(200, (int)answer.Status);
        Assert.NotEmpty(answer.As<StrategyAck>().NodeQueues);
        Assert.Empty((await door.GetAsync($"/strategies?world={world}")).As<ListStrategiesResponse>().Strategies);
        Assert.Empty((await door.Worlds.ListBindingsAsync(new ListBindingsRequest { WorldId = world }).ResponseAsync.Within()).Strategies);
    }

    private static void AssertProblem(string what, Answer answer, int status, string code)
    {
        Assert.True((int)answer.Status == status && answer.MediaType == "application/problem+json", $"{what}: {(int)answer.Status} {answer.MediaType} {answer.Text}");
        Assert.True(answer.Json.GetProperty("code").GetString() == code, $"{what}: {answer.Text}");
        Assert.DoesNotContain("   at ", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", answer.Text, StringComparison.Ordinal);
    }

    private static StrategySubmit Changed(string world, Func<string, ByteString> change)
    {
        var submit = Door.Submission(world, Door.Graph(10, 30));
        submit.DagJson = change(submit.DagJson.ToStringUtf8());
        return submit;
    }

    private static StrategySubmit WithoutFirstNode(string world)
    {
        var submit = Changed(world, dag => Edit(dag, root => Nodes(root).RemoveAt(0)));
        submit.NodeIdsCrc32 = Crc32.OfNodeIds(Door.Graph(10, 30).Nodes.Skip(1).Select(node => node.NodeId!));
        return submit;
    }

    private static ByteString Edit(string dag, Action<JsonObject> edit)
    {
        var root = JsonNode.Parse(dag)!.AsObject();
        edit(root);
        return ByteString.CopyFrom(Encoding.UTF8.GetBytes(root.ToJsonString()));
    }

    private static JsonArray Nodes(JsonObject root) => root["nodes"]!.AsArray();

    private static JsonObject First(JsonObject root) => Nodes(root)[0]!.AsObject();

    // The last node stands behind all others; made a dependency of the first, it closes the circle.
    private static void Loop(JsonObject root) => DependOn(First(root), Nodes(root)[^1]!["node_id"]!.GetValue<string>());

    private static void DependOn(JsonObject node, string other) => (node["dependencies"], node["inputs"]) = (new JsonArray(other), new JsonArray(other));
}

/// <summary>Small helpers of these tests.</summary>
internal static class Changes
{
    /// <summary>Changes a value on the way.</summary>
    public static T Also<T>(this T value, Action<T> change)
    {
        change(value);
        return value;
    }
}

/// <summary>Bad input in one process.</summary>
[Collection(nameof(EmbeddedStackUnderTest))]
public sealed class EmbeddedBadInputTests(StackFixture<EmbeddedStackUnderTest> fixture) : BadInputSuite<EmbeddedStackUnderTest>(fixture);

/// <summary>Bad input on separate services.</summary>
[Requires(Needs.Postgres | Needs.Redis)]
[Collection(nameof(FullStackUnderTest))]
public sealed class FullBadInputTests(StackFixture<FullStackUnderTest> fixture) : BadInputSuite<FullStackUnderTest>(fixture);
