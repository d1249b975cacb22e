using Microsoft.Data.Sqlite;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>An apply whose whole stack, the observing gateway included, is killed while it waits.</summary>
public sealed class StandaloneApplyTests
{
    private const string Run = "r1";

    [Fact]
    public async Task Kill9_InFreezeAndUnfreeze_TheNextProcessEndsTheRun()
    {
        await using var stack = new StandaloneProcessUnderTest();
        await stack.StartAsync().Within(120);
        string world;
        using (var door = new Door(stack))
        {
            world = await WorldAsync(door);
            await WaitForAsync(stack, "silent-1");
            Assert.Equal("freeze", (await door.Worlds.ApplyAsync(Request(world)).ResponseAsync.Within()).Phase);
        }

        await stack.CrashAndRestartAsync();
        using (var door = new Door(stack))
        {
            await CheckAsync(door, world, "a", "freeze");
            Assert.True((await ActivationAsync(door, world, "a")).Freeze);

            // It joins after the freeze and so holds up the unfreeze only.
            await WaitForAsync(stack, "silent-2");
            await UntilAsync(door, world, "unfreeze");
        }

        await stack.CrashAndRestartAsync();
        using (var door = new Door(stack))
        {
            await CheckAsync(door, world, "b", "unfreeze", "unfreeze_pending");
            await WaitForAsync(stack, null);
            await UntilAsync(door, world, "completed");
            await CheckAsync(door, world, "b", "completed");
            var again = await door.Worlds.ApplyAsync(Request(world)).ResponseAsync.Within();
            Assert.Equal((true, "completed", "b"), (again.Ok, again.Phase, string.Join(',', again.Active)));
            Assert.Equal((true, false), ((await ActivationAsync(door, world, "b")).Active, (await ActivationAsync(door, world, "a")).Active));
            Assert.Single((await door.Worlds.ListApplyRunsAsync(new ListApplyRunsRequest { WorldId = world }).ResponseAsync.Within()).Runs);
        }
    }

    private static async Task<string> WorldAsync(Door door)
    {
        var world = await door.WorldAsync();
        await door.Worlds.BindStrategiesAsync(new BindStrategiesRequest { WorldId = world, Strategies = { "a", "b" } }).ResponseAsync.Within();
        await door.Worlds.SetDecisionsAsync(new SetDecisionsRequest { WorldId = world, Strategies = { "a" } }).ResponseAsync.Within();
        var report = new HistoryReport { StrategyId = "a", NodeId = "price", Interval = 60, Rows = 100, DatasetFingerprint = "sha256:1" };
        await door.Worlds.PutHistoryAsync(new PutHistoryRequest { WorldId = world, Report = report }).ResponseAsync.Within();
        return world;
    }

    /// <summary>With a freeze that waits longer than any restart takes.</summary>
    private static ApplyRequest Request(string world) => new()
    {
        WorldId = world,
        RunId = Run,
        WaitMs = 0,
        Plan = new ApplyPlan { Activate = { "b" }, Deactivate = { "a" } },
        GatingPolicy = new GatingPolicy
        {
            DatasetFingerprint = "sha256:1",
            SharePolicy = "feature-artifacts-only",
            Snapshot = new GatingSnapshot { StrategyPlane = "cow", FeaturePlane = "readonly" },
            Edges = new GatingEdges { PrePromotion = new PrePromotionEdges { DisableEdgesTo = "dryrun" }, PostPromotion = new PostPromotionEdges { EnableEdgesTo = "dryrun" } },
            Observability = new GatingObservability { Slo = new GatingSlo { CrossContextCacheHit = 0 } },
            Domains = new GatingDomains { From = "backtest", To = "dryrun" },
            Apply = new GatingApply { Mode = "two_phase", FreezeTimeoutMs = 600_000 },
        },
    };

    /// <summary>Makes one observer, which never answers, the only one that counts; or none.</summary>
    private static async Task WaitForAsync(StandaloneProcessUnderTest stack, string? silent)
    {
        await using var connection = new SqliteConnection($"Data Source={stack.Database};Default Timeout=30;Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            BEGIN IMMEDIATE;
            DELETE FROM ws_observers;
            INSERT INTO ws_observers (consumer, joined_at, expires_at) SELECT @consumer, @now, @now + 600000000000 WHERE @consumer <> '';
            COMMIT;
            """;
        command.Parameters.AddWithValue("@consumer", silent ?? "");
        command.Parameters.AddWithValue("@now", (DateTimeOffset.UtcNow.Ticks - DateTimeOffset.UnixEpoch.Ticks) * 100);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task CheckAsync(Door door, string world, string active, params string[] phases)
    {
        Assert.Contains((await RunAsync(door, world)).Phase, phases);
        Assert.Equal([active], (await door.Worlds.GetDecisionsAsync(new GetDecisionsRequest { WorldId = world }).ResponseAsync.Within()).Strategies);
        var report = await door.Worlds.GetValidationInvariantsAsync(new GetValidationInvariantsRequest { WorldId = world }).ResponseAsync.Within();
        Assert.Empty(report.StateViolations);
    }

    private static Task UntilAsync(Door door, string world, string phase) => TimeLimits.EventuallyAsync(async () => (await RunAsync(door, world)).Phase == phase);

    private static Task<ApplyRun> RunAsync(Door door, string world) => door.Worlds.GetApplyRunAsync(new GetApplyRunRequest { WorldId = world, RunId = Run }).ResponseAsync.Within();

    private static Task<ActivationEnvelope> ActivationAsync(Door door, string world, string strategy) =>
        door.Worlds.GetActivationAsync(new GetActivationRequest { WorldId = world, StrategyId = strategy, Side = "long" }).ResponseAsync.Within();
}
