using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Rebalancing;

/// <summary>POST /rebalancing/execute: from a request to orders in the log.</summary>
public sealed class RebalanceExecutionTests : IAsyncLifetime
{
    private static readonly (string, string) Live = ("X-Allow-Live", "true");
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _peers.Worlds.Mode = "live";
        _peers.Worlds.Plan = Plan;
        _gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    [Fact]
    public async Task Execute_WithoutSubmitting_WorksOrdersOut_AndKeepsNothing()
    {
        var answer = await PostAsync("?per_strategy=true", Request());

        Assert.Equal((HttpStatusCode.OK, "false", "2", ""), (answer.Status, answer.Text("submitted").ToLowerInvariant(), answer.Text("rebalance_schema_version"), answer.Text("batch_id")));
        var order = answer.Json.GetProperty("orders_per_world").GetProperty("w1").GetProperty("orders")[0];
        Assert.Equal(("BTC", -4.0, "sell", "w1", true), (order.GetProperty("symbol").GetString(), order.GetProperty("quantity").GetDouble(), order.GetProperty("side").GetString(), order.GetProperty("world_id").GetString(), order.GetProperty("reduce_only").GetBoolean()));
        var split = answer.Json.GetProperty("orders_per_strategy").EnumerateArray().Where(one => one.GetProperty("world_id").GetString() == "w1").ToDictionary(one => one.GetProperty("strategy_id").GetString()!, one => one.GetProperty("quantity").GetDouble(), StringComparer.Ordinal);
        Assert.Equal((-3.0, -1.0), (split["a"], split["b"]));
        Assert.Equal(["missing-mark"], answer.Json.GetProperty("violations").EnumerateArray().Select(violation => violation.GetProperty("code").GetString()));
        Assert.Equal(0, await SentAsync());
    }

    [Fact]
    public async Task Submit_WritesLogTableAndAudit_OncePerRun()
    {
        var first = await PostAsync("?submit=true", Request("r1"), Live);
        var again = await PostAsync("?submit=true", Request("r1"), Live);
        var other = Request("r1");
        other.TotalEquity = 5;
        var conflict = await PostAsync("?submit=true", other, Live);

        Assert.Equal((HttpStatusCode.OK, "true", "r1"), (first.Status, first.Text("submitted").ToLowerInvariant(), first.Text("batch_id")));
        Assert.Equal(first.Json.ToString(), again.Json.ToString());
        Assert.Equal("E_ETAG_CONFLICT", conflict.Code);
        var records = await _gateway.Database.QueryAsync<(string Key, byte[] Payload)>("SELECT message_key, payload FROM bus_log WHERE topic = 'gateway.rebalance' ORDER BY log_offset");
        Assert.Equal(2, records.Count);
        Assert.All(records, record => Assert.Equal("rebalance:r1", record.Key));
        var payload = JsonDocument.Parse(records[0].Payload).RootElement;
        Assert.Equal(("gateway.rebalance", "r1"), (payload[0].GetString(), payload[2].GetString()));
        Assert.Equal(("w1", "world", "live", 1, 1.0), (
            payload[3].GetProperty("world_id").GetString(), payload[3].GetProperty("scope").GetString(), payload[3].GetProperty("execution_domain").GetString(),
            payload[3].GetProperty("counts").GetProperty("orders").GetInt32(), payload[3].GetProperty("reduce_only_ratio").GetDouble()));
        Assert.Equal([("w1", "local"), ("w2", "local")], await _gateway.Database.QueryAsync<(string, string)>("SELECT scope, actor FROM audit_log WHERE event = 'REB_SUBMIT' ORDER BY scope"));
    }

    [Fact]
    public async Task Submit_SentTwiceAtOnce_IsOneBatch()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostAsync("?submit=true", Request("r1"), Live)));

        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, "r1"), (answer.Status, answer.Text("batch_id"))));
        Assert.Equal(2, await SentAsync());
    }

    [Theory]
    [InlineData("live", false, "E_PERMISSION_DENIED")]
    [InlineData("shadow", true, "E_SHADOW_ORDERS_BLOCKED")]
    [InlineData("validate", true, "E_ORDERS_BLOCKED")]
    public async Task Submit_ThatMayNotBe_SendsNothing(string mode, bool allowed, string code)
    {
        _peers.Worlds.Mode = mode;

        var answer = await PostAsync("?submit=true", Request("r1"), allowed ? [Live] : []);

        Assert.Equal(code, answer.Code);
        Assert.Equal(0, await SentAsync());
    }

    [Fact]
    public async Task Submit_WhereSwitchedOff_SaysSo()
    {
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address, ("Gateway:Rebalancing:Submissions", "false"));

        Assert.Equal("E_COMMITLOG_DISABLED", (await gateway.PostAsync("/rebalancing/execute?submit=true", Request(), Live)).Code);
    }

    [Fact]
    public async Task SharedAccount_IsOffUnlessConfigured_AndThenNets()
    {
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address, ("Gateway:Rebalancing:SharedAccount:Enabled", "true"), ("Gateway:Rebalancing:SharedAccount:MaxNetNotional", "1000"));

        Assert.Equal("E_SHARED_ACCOUNT_DISABLED", (await PostAsync("?shared_account=true", Request())).Code);
        var answer = await gateway.PostAsync("/rebalancing/execute?shared_account=true&submit=true", Request("r1"), Live);

        Assert.Equal([("BTC", -1.0, "")], answer.Json.GetProperty("orders_global").EnumerateArray().Select(order => (order.GetProperty("symbol").GetString()!, order.GetProperty("quantity").GetDouble(), order.GetProperty("world_id").GetString()!)));
        Assert.Equal(1, await gateway.Database.ScalarAsync<int>("SELECT COUNT(*) FROM bus_log WHERE topic = 'gateway.rebalance'"));
        var large = Request();
        large.Positions[0].Qty = 500;
        var refused = await gateway.PostAsync("/rebalancing/execute?shared_account=true", large);
        Assert.Equal(("E_SHARED_ACCOUNT_POLICY", "max_net_notional"), (refused.Code, refused.Text("limit")));
    }

    [Fact]
    public async Task Overlay_BelongsToTheWorldItHedges_OrIsRefused()
    {
        var request = Request();
        (request.Mode, request.Overlay) = ("overlay", new OverlayConfig { InstrumentByWorld = { ["w1"] = "ESZ", ["w2"] = "NQZ" } });

        var answer = await PostAsync("", request);
        request.Overlay.InstrumentByWorld["w2"] = "ESZ";
        var ambiguous = await PostAsync("", request);
        request.Overlay.InstrumentByWorld.Clear();
        var unmapped = await PostAsync("", request);
        request.Mode = "hybrid";
        var hybrid = await PostAsync("", request);

        Assert.Equal("w1", answer.Json.GetProperty("overlay_deltas")[0].GetProperty("world_id").GetString());
        Assert.Equal(("E_OVERLAY_EXECUTION_AMBIGUOUS", "E_OVERLAY_EXECUTION_UNMAPPED", "E_REBALANCE_MODE_UNSUPPORTED", HttpStatusCode.NotImplemented), (ambiguous.Code, unmapped.Code, hybrid.Code, hybrid.Status));
    }

    [Fact]
    public async Task Plan_OfTheNewestVersionRefused_IsAskedInTheFirst()
    {
        _peers.Worlds.Plan = request => request.SchemaVersion == 2 ? throw RefusalException.At(ReasonCodes.InvalidArgument, "/schema_version", "must be 1") : Plan(request);

        var answer = await PostAsync("", Request());
        var named = Request();
        named.SchemaVersion = 2;

        Assert.Equal("1", answer.Text("rebalance_schema_version"));
        Assert.Equal([2, 1], _peers.Worlds.PlanVersions);
        Assert.Equal("E_INVALID_ARGUMENT", (await PostAsync("", named)).Code);
    }

    [Fact]
    public async Task Violation_WhereItMustNotBe_RefusesTheWhole() =>
        Assert.Equal("E_ORDERS_INVALID", (await PostAsync("?submit=true&fail_on_violation=true", Request(), Live)).Code);

    [Fact]
    public async Task Planned_Events_AreCounted()
    {
        var planned = new RebalancingPlanned { Version = 1, WorldId = "w1", Plan = Plan(Request()) };

        await TimeLimits.EventuallyAsync(
            async () =>
            {
                planned.IdempotencyKey = $"rebalancing_planned:w1:{Guid.NewGuid():N}:1";
                await _gateway.Bus.PublishAsync(Messaging.Events.ControlEvent.FromJson("rebalancing_planned", "test", ProtoJson.Write(planned)));
                return Regex.IsMatch(await _gateway.Http.GetStringAsync("/metrics"), "rebalance_plan_last_delta_count\\{[^}]*world_id=\"w1\"[^}]*\\} 2", RegexOptions.None, TimeSpan.FromSeconds(5));
            },
            what: "the plan counted");
    }

    private Task<Answer> PostAsync(string query, MultiWorldRebalanceRequest request, params (string, string)[] headers) => _gateway.PostAsync("/rebalancing/execute" + query, request, headers);

    private async Task<int> SentAsync() => await _gateway.Database.ScalarAsync<int>("SELECT COUNT(*) FROM bus_log WHERE topic = 'gateway.rebalance'");

    private static MultiWorldRebalanceRequest Request(string run = "") => new()
    {
        TotalEquity = 1000,
        RunId = run,
        WorldAllocBefore = { ["w1"] = 0.4, ["w2"] = 0.2 },
        WorldAllocAfter = { ["w1"] = 0.2, ["w2"] = 0.3 },
        LotSizeBySymbol = { ["BTC"] = 1 },
        Positions =
        {
            new Position { WorldId = "w1", StrategyId = "a", Symbol = "BTC", Qty = 6, Mark = 10 },
            new Position { WorldId = "w1", StrategyId = "b", Symbol = "BTC", Qty = 2, Mark = 10 },
            new Position { WorldId = "w2", StrategyId = "c", Symbol = "BTC", Qty = 6, Mark = 10 },
        },
    };

    private static RebalancePlan Plan(MultiWorldRebalanceRequest request)
    {
        SymbolDelta Delta(string world, double quantity, params (string Strategy, double Quantity)[] parts) => new()
        {
            Symbol = "BTC",
            WorldId = world,
            DeltaQty = quantity,
            Mark = 10,
            Parts = { parts.Select(part => new DeltaPart { WorldId = world, StrategyId = part.Strategy, DeltaQty = part.Quantity }) },
        };
        return new RebalancePlan
        {
            SchemaVersion = request.SchemaVersion == 0 ? 2 : request.SchemaVersion,
            PerWorld =
            {
                ["w1"] = new WorldRebalance { WorldId = "w1", Deltas = { Delta("w1", -4, ("a", -3), ("b", -1)), new SymbolDelta { Symbol = "GONE", WorldId = "w1", DeltaQty = 1 } } },
                ["w2"] = new WorldRebalance { WorldId = "w2", Deltas = { Delta("w2", 3, ("c", 3)) } },
            },
            GlobalDeltas = { Delta("", -1) },
            OverlayDeltas = { new SymbolDelta { Symbol = "ESZ", DeltaQty = -1, Mark = 100 } },
        };
    }
}
