using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Client.Tests;

/// <summary>The printed document is read by other people's programs: names and order change only on purpose, together with the golden files.</summary>
public sealed class SubmitResultJsonTests
{
    [Fact]
    public void Write_Active_IsTheGoldenDocument() => AssertGolden("submit-active.json", Result(SubmitStatus.Active, SubmitScene.Selected(), SubmitScene.Decision(), null));

    [Fact]
    public void Write_Rejected_IsTheGoldenDocument() => AssertGolden("submit-rejected.json", Result(SubmitStatus.Rejected, SubmitScene.NotSelected(), SubmitScene.Decision(), null));

    [Fact]
    public void Write_WorldSilent_IsTheGoldenDocument() => AssertGolden("submit-silent.json", Result(SubmitStatus.Pending, null, null, "decision_unavailable"));

    [Fact]
    public async Task Write_RealSubmission_HoldsTheReplayAndOnlyNumbersJsonKnows()
    {
        await using var gateway = await SubmitScene.StartAsync();

        var json = (await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within()).ToJson();

        using var document = JsonDocument.Parse(json);
        Assert.Equal(500, document.RootElement.GetProperty("replay").GetProperty("bars").GetInt32());
        Assert.Equal("replay", document.RootElement.GetProperty("precheck").GetProperty("returns_source").GetString());
        Assert.DoesNotContain("NaN", json, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", json, StringComparison.Ordinal);
    }

    private static void AssertGolden(string file, SubmitResult result)
    {
        var expected = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", file));
        var actual = result.ToJson();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)) && expected.ReplaceLineEndings("\n").Trim() == actual.ReplaceLineEndings("\n").Trim(), $"{file} differs; it is now:\n{actual}");
    }

    private static SubmitResult Result(SubmitStatus status, EvaluationSummary? summary, DecisionEnvelope? decision, string? downgrade) => new()
    {
        StrategyId = SubmitScene.Strategy,
        WorldId = SubmitScene.World,
        Duplicate = false,
        Status = status,
        World = new WorldVerdict
        {
            Decision = decision,
            Activation = summary is { Active: true } ? new ActivationEnvelope { WorldId = SubmitScene.World, StrategyId = SubmitScene.Strategy, Side = "long", Active = true, Weight = 1, EffectiveMode = "paper", Etag = "e1" } : null,
            ActivationShort = null,
            Allocation = summary is { Active: true }
                ? new AllocationSnapshot { WorldId = SubmitScene.World, Allocation = 0.25, RunId = "a1", Etag = "x", StrategyAllocTotal = { [SubmitScene.Strategy] = 0.25 }, Ttl = Duration.FromTimeSpan(TimeSpan.FromMinutes(5)), Stale = true }
                : null,
            Summary = summary,
            Metrics = summary is null ? new Dictionary<string, double>() : new Dictionary<string, double> { ["sharpe"] = summary.Active ? 1.5 : -1, ["max_dd"] = 0.1, ["trades"] = 12 },
            EvaluationRunId = summary is null ? null : SubmitScene.Run,
            EvaluationRunUrl = summary is null ? null : $"/runs/{SubmitScene.Run}",
            IsStale = decision is null,
        },
        Precheck = new PrecheckReport("passed", new Dictionary<string, double> { ["winrate"] = 0.5, ["sharpe"] = 1.25 }, "replay", null),
        NodeQueues = new Dictionary<string, string> { ["blake3:bb"] = "topic.b", ["blake3:aa"] = "topic.a" },
        Downgraded = downgrade is not null,
        DowngradeReason = downgrade,
        SafeMode = downgrade is not null,
        OrderGate = OrderGates.Decide(summary is { Active: true } ? new GateActivation(true) : null, EffectiveMode.Paper, isStale: downgrade is not null),
        Replay = null,
    };
}
