using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.Protos;

namespace Qmtl.Client;

/// <summary>Writes results with the published names. Undefined numbers are null.</summary>
internal static class SubmitResultJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Published name of each headline metric, and the registry's name for it.</summary>
    private static readonly (string Published, string Registry)[] Headline =
    [
        ("sharpe", "sharpe"), ("max_drawdown", "max_dd"), ("correlation_avg", "correlation_avg"), ("win_rate", "winrate"), ("profit_factor", "profit_factor"),
        ("car_mdd", "car_mdd"), ("rar_mdd", "rar_mdd"), ("total_return", "total_return"), ("num_trades", "trades"),
        ("adv_utilization_p95", "adv_utilization_p95"), ("participation_rate_p95", "participation_rate_p95"),
    ];

    public static string Write(SubmitResult result)
    {
        var world = result.World;
        var judged = world.Metrics.Count > 0 ? world.Metrics : result.Precheck.Metrics;
        var document = new JsonObject
        {
            ["strategy_id"] = result.StrategyId,
            ["status"] = Token(result.Status),
            ["world"] = result.WorldId,
            ["duplicate"] = result.Duplicate,
            ["metrics"] = Metrics(judged),
            ["downgraded"] = result.Downgraded,
            ["downgrade_reason"] = result.DowngradeReason,
            ["safe_mode"] = result.SafeMode,
            ["order_gate"] = new JsonObject { ["state"] = result.OrderGate.Gate.ToToken(), ["reason"] = result.OrderGate.Reason.ToToken() },
        };
        AddVerdict(document, result);
        document["node_queues"] = new JsonObject(result.NodeQueues.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        document["precheck"] = Precheck(result.Precheck);
        document["ws"] = Verdict(result);
        document["replay"] = result.Replay is { } replay ? ReplayJson.ToNode(replay) : null;
        document["sharing"] = result.Sharing is { } sharing ? ReplayJson.ToNode(sharing) : null;
        return document.ToJsonString(Indented);
    }

    private static JsonObject Verdict(SubmitResult result)
    {
        var block = new JsonObject { ["strategy_id"] = result.StrategyId, ["world"] = result.WorldId, ["status"] = Token(result.Status) };
        AddVerdict(block, result);
        block["metrics"] = Metrics(result.World.Metrics);
        block["downgraded"] = result.Downgraded;
        block["downgrade_reason"] = result.DowngradeReason;
        block["safe_mode"] = result.SafeMode;
        return block;
    }

    private static void AddVerdict(JsonObject block, SubmitResult result)
    {
        var world = result.World;
        block["decision"] = Message(world.Decision);
        block["activation"] = Message(world.Activation);
        block["activation_short"] = Message(world.ActivationShort);
        block["allocation"] = Message(world.Allocation);
        block["allocation_stale"] = world.Allocation?.Stale ?? false;
        block["allocation_notice"] = world.Allocation switch
        {
            null when world.IsStale => "the world did not answer, so its share of capital is not known",
            null => $"no capital was allocated to this world yet; see: qmtl world allocations -w {result.WorldId}",
            { Stale: true } => $"the snapshot is old; refresh it with: qmtl world allocations -w {result.WorldId}",
            _ => null,
        };
        block["contribution"] = world.Summary?.Contribution;
        block["weight"] = world.Summary?.Weight;
        block["rank"] = world.Summary?.Rank;
        block["evaluation_run_id"] = world.EvaluationRunId;
        block["evaluation_run_url"] = world.EvaluationRunUrl;
        block["rejection_reason"] = result.Status == SubmitStatus.Rejected ? world.Summary?.Reason : null;
        block["improvement_hints"] = new JsonArray([.. world.ImprovementHints.Select(hint => JsonValue.Create(hint))]);
        block["threshold_violations"] = new JsonArray([.. world.ThresholdViolations.Select(violation => Message(violation))]);
    }

    private static JsonObject Precheck(PrecheckReport precheck) => new()
    {
        ["status"] = precheck.Status,
        ["returns_source"] = precheck.ReturnsSource,
        ["problem"] = precheck.Problem,
        // Selection is the world's: a measurement has no weight, no rank and activates nothing.
        ["activated"] = null,
        ["weight"] = null,
        ["rank"] = null,
        ["contribution"] = null,
        ["metrics"] = new JsonObject(precheck.Metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal).Select(metric => KeyValuePair.Create(metric.Key, (JsonNode?)metric.Value))),
        ["violations"] = new JsonArray([.. precheck.Violations.Select(violation => Message(violation))]),
        ["improvement_hints"] = new JsonArray([.. precheck.ImprovementHints.Select(hint => JsonValue.Create(hint))]),
        ["correlation_avg"] = null,
    };

    private static JsonObject Metrics(IReadOnlyDictionary<string, double> values)
    {
        var block = new JsonObject();
        foreach (var (published, registry) in Headline) block[published] = values.TryGetValue(registry, out var value) ? value : null;
        return block;
    }

    private static JsonNode? Message(IMessage? message) => message is null ? null : JsonNode.Parse(ProtoJson.Write(message));

    private static string Token(SubmitStatus status) => status switch { SubmitStatus.Active => "active", SubmitStatus.Rejected => "rejected", _ => "pending" };
}
