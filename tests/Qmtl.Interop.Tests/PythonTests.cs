using System.Text.Json;
using Qmtl.Identity;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.Interop.Tests;

/// <summary>Python's own gRPC against the running stack.</summary>
public sealed class PythonTests(PythonStack stack) : IClassFixture<PythonStack>
{
    private const string Policy = """
        thresholds:
          sharpe: {metric: sharpe, min: 1}
        top_k: {metric: sharpe, k: 1}
        """;

    [RequiresFact(Needs.PythonGrpc)]
    public async Task CoreLoop_OverPythonGrpc_EndsWithTheDecisionThatHttpGives()
    {
        var graph = Graph();

        var said = await stack.RunAsync("core_loop.py", Job(graph, "python_loop"));

        Assert.Equal("ACTIVE", Text(said, "world_state"));
        Assert.Equal(1, said.GetProperty("policy_version").GetInt32());
        Assert.Equal(graph.NodeIdsCrc32, said.GetProperty("crc").GetUInt32());
        Assert.Equal("python-1", Text(said, "run_id"));
        Assert.Equal("pass", Text(said, "status"));
        Assert.Equal([Text(said, "strategy_id")], said.GetProperty("active").EnumerateArray().Select(id => id.GetString()));

        var decision = said.GetProperty("decision");
        Assert.Equal(1, decision.GetProperty("policy_version").GetInt32());
        Assert.Contains("decisions_present", Text(decision, "reason"), StringComparison.Ordinal);
        Assert.NotEmpty(Text(decision, "etag"));
        Assert.True(JsonElement.DeepEquals(decision, said.GetProperty("decision_over_http")), $"gRPC said {decision}, HTTP said {said.GetProperty("decision_over_http")}");
        Assert.Equal(300, said.GetProperty("decision_ttl_seconds").GetInt32());

        var activation = said.GetProperty("activation");
        Assert.StartsWith($"act:python_loop:{Text(said, "strategy_id")}:long:", Text(activation, "etag"), StringComparison.Ordinal);
        // What the entry says and what the world decided are one thing.
        Assert.Equal(Text(decision, "effective_mode"), Text(activation, "mode"));
    }

    [RequiresFact(Needs.PythonGrpc)]
    public async Task Subscribe_OverPythonGrpc_HearsTheEvaluationAndTheActivationInOrder()
    {
        var said = await stack.RunAsync("core_loop.py", Job(Graph(), "python_events"));

        var strategy = Text(said, "strategy_id");
        var events = said.GetProperty("events").EnumerateArray().ToArray();
        var evaluation = events.First(e => Text(e, "type") == "evaluation_run_created");
        Assert.Equal("1.0", Text(evaluation, "specversion"));
        Assert.Equal("python-1", Text(evaluation.GetProperty("data"), "run_id"));
        Assert.Equal(strategy, Text(evaluation.GetProperty("data"), "strategy_id"));
        var activation = events.First(e => Text(e, "type") == "activation_updated");
        Assert.Equal("python_events", Text(activation.GetProperty("data"), "world_id"));
        var numbers = events.Select(e => ulong.Parse(e.GetProperty("seq_no").ToString(), System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(numbers.Order(), numbers);
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
    }

    [RequiresFact(Needs.PythonGrpc)]
    public async Task Refusals_OverPythonGrpc_CarryReasonFieldAndFix()
    {
        var graph = Graph();

        var said = await stack.RunAsync("refusals.py", Job(graph, "python_refusals"));

        var crc = said.GetProperty("wrong_crc");
        AssertRefused(crc, "INVALID_ARGUMENT", ReasonCodes.ChecksumMismatch);
        Assert.Equal(3, crc.GetProperty("details_code").GetInt32());
        Assert.Equal("/node_ids_crc32", Text(crc.GetProperty("violations")[0], "field"));
        Assert.Equal(graph.NodeIdsCrc32.ToString(System.Globalization.CultureInfo.InvariantCulture), Text(crc.GetProperty("metadata"), "expected"));
        AssertRefused(said.GetProperty("unknown_world"), "NOT_FOUND", ReasonCodes.WorldUnknown);
        AssertRefused(said.GetProperty("world_again"), "ALREADY_EXISTS", ReasonCodes.WorldExists);
        var policy = said.GetProperty("misspelt_policy");
        AssertRefused(policy, "INVALID_ARGUMENT", ReasonCodes.PolicyInvalid);
        Assert.Equal("/top_k/metric", Text(policy.GetProperty("violations")[0], "field"));
        Assert.Contains("sharpe", Text(policy.GetProperty("violations")[0], "description"), StringComparison.Ordinal);
        // A refused submission leaves nothing behind.
        Assert.Equal(0, said.GetProperty("strategies_kept").GetInt32());
    }

    private static void AssertRefused(JsonElement said, string status, ReasonCode code)
    {
        Assert.Equal(status, Text(said, "status"));
        Assert.Equal(code.Code, Text(said, "reason"));
        Assert.Equal("qmtl.dev", Text(said, "domain"));
        Assert.NotEmpty(Text(said, "message"));
    }

    private static StrategyGraph Graph() => StrategyCatalog.Create("sma-cross").Compile(new Universe(["BTC-PERP"], 60));

    private static object Job(StrategyGraph graph, string world) => new
    {
        world,
        policy = Policy,
        dag_json = Convert.ToBase64String(graph.SerializeToUtf8()),
        crc = graph.NodeIdsCrc32,
        metrics = new { sharpe = 1.5, max_dd = 0.12, trades = 40 },
    };

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString() ?? "";
}
