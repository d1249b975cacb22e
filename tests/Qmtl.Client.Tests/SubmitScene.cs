using Google.Protobuf.WellKnownTypes;
using Qmtl.Data;
using Qmtl.Strategies;
using Qmtl.V1;

namespace Qmtl.Client.Tests;

/// <summary>A Gateway with one world that takes one strategy in and selects it.</summary>
internal static class SubmitScene
{
    public const string World = "w";
    public const string Strategy = "sma-cross-1";
    public const string Run = "run-1";

    public static MarketData Bars { get; } = MarketData.Of(SyntheticBars.Generate(new SyntheticOptions { Count = 500, Seed = 3 }));

    public static SubmitOptions OptionsFor(FakeGateway gateway) => new() { Gateway = gateway.Address, Data = Bars };

    public static Strategy Cross() => StrategyCatalog.Create("sma-cross");

    public static async Task<FakeGateway> StartAsync()
    {
        var gateway = await FakeGateway.StartAsync();
        gateway.Answer("GET /health", new GatewayHealth { Status = "ok" });
        gateway.Answer($"GET /worlds/{World}/describe", new WorldDescription { World = new World { Id = World, DefaultPolicyVersion = 2 } });
        gateway.Answer("POST /strategies", new StrategyAck { StrategyId = Strategy, NodeQueues = { ["blake3:aa"] = "topic.a" } }, 202);
        gateway.Answer($"POST /strategies/{Strategy}/history", 204, "application/json", "");
        gateway.Answer($"POST /worlds/{World}/evaluate", new EvaluateResponse { Active = { Strategy }, EvaluationRunId = Run, EvaluationRunUrl = $"/runs/{Run}", Summary = Selected(), PolicyVersion = 2 });
        gateway.Answer($"GET /worlds/{World}/strategies/{Strategy}/runs/{Run}", new EvaluationRun { RunId = Run, Summary = Selected(), Metrics = new EvaluationMetrics { Values = { ["sharpe"] = 1.5 } } });
        gateway.Answer($"GET /worlds/{World}/decide", Decision());
        gateway.Answer($"GET /worlds/{World}/activation", new ActivationEnvelope { WorldId = World, StrategyId = Strategy, Side = "long", Active = true, Weight = 1, EffectiveMode = "paper", Etag = "e1" });
        gateway.Answer("GET /allocations", new GetAllocationsResponse { Allocations = { [World] = new AllocationSnapshot { WorldId = World, Allocation = 0.25, RunId = "a1" } } });
        return gateway;
    }

    public static DecisionEnvelope Decision(string? downgrade = null) => new()
    {
        WorldId = World,
        PolicyVersion = 2,
        EffectiveMode = downgrade is null ? "paper" : "compute-only",
        Reason = downgrade ?? "bindings_present",
        Ttl = Duration.FromTimeSpan(TimeSpan.FromSeconds(300)),
        Etag = "d1",
        ExecutionDomain = downgrade is null ? "dryrun" : "backtest",
        ComputeContext = new ComputeContext { WorldId = World, DowngradeReason = downgrade },
    };

    public static EvaluationSummary Selected() => new() { Status = "pass", Active = true, ActiveSet = { Strategy }, Rank = 1, Weight = 1 };

    public static EvaluationSummary NotSelected() => new()
    {
        Status = "fail",
        Reason = "threshold_below_min",
        ThresholdViolations = { new ThresholdViolation { Metric = "sharpe", Value = -1, ThresholdType = "min", ThresholdValue = 1, Message = "sharpe is -1, the policy asks for 1 or more" } },
    };
}
