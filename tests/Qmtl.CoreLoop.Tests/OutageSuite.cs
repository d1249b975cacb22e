using System.Net;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>What is left when part of the stack, or all of it, goes away.</summary>
public abstract class OutageSuite<TStack>(StackFixture<TStack> fixture)
    where TStack : StackUnderTest, new()
{
    [ConformanceFact]
    public async Task WorldServiceGone_NothingMayTrade_AndWhatWasAcceptedIsFinishedLater()
    {
        var stack = await fixture.GetAsync();
        var (world, strategy) = await SelectedAsync(stack);
        string accepted;

        await stack.LoseWorldServiceAsync();
        try
        {
            using var door = new Door(stack);
            accepted = await WithoutWorldServiceAsync(door, world, strategy);
        }
        finally
        {
            await stack.RestoreWorldServiceAsync();
        }

        using (var door = new Door(stack))
        {
            await door.CompletedAsync(accepted);
            await TimeLimits.EventuallyAsync(async () => (await door.ActivationAsync(world, strategy)).Active);
            var bound = await door.Worlds.ListBindingsAsync(new ListBindingsRequest { WorldId = world }).ResponseAsync.Within();
            Assert.Contains(accepted, bound.Strategies);
        }
    }

    [ConformanceFact]
    public async Task Crash_LosesNothingThatWasAcknowledged()
    {
        var stack = await fixture.GetAsync();
        var (world, strategy) = await SelectedAsync(stack);
        string[] acknowledged;
        DecisionEnvelope before;
        using (var door = new Door(stack))
        {
            before = await door.Worlds.DecideAsync(new DecideRequest { WorldId = world }).ResponseAsync.Within();
            var answers = await Task.WhenAll(Enumerable.Range(1, 12).Select(i => door.PostAsync("/strategies", Door.Submission(world, Door.Graph(i, 100 + i)))));
            Assert.All(answers, answer => Assert.True(answer.Status == HttpStatusCode.Accepted, answer.Text));
            acknowledged = [.. answers.Select(answer => answer.As<StrategyAck>().StrategyId)];
        }

        await stack.CrashAndRestartAsync();

        using (var door = new Door(stack))
        {
            foreach (var id in acknowledged) await door.CompletedAsync(id);
            var after = await door.Worlds.DecideAsync(new DecideRequest { WorldId = world }).ResponseAsync.Within();
            Assert.Equal((before.PolicyVersion, before.EffectiveMode, before.Reason), (after.PolicyVersion, after.EffectiveMode, after.Reason));
            Assert.True((await door.ActivationAsync(world, strategy)).Active);
            var bound = await door.Worlds.ListBindingsAsync(new ListBindingsRequest { WorldId = world }).ResponseAsync.Within();
            Assert.Empty(acknowledged.Except(bound.Strategies, StringComparer.Ordinal));
            Assert.Equal(HttpStatusCode.OK, (await door.GetAsync($"/worlds/{world}/strategies/{strategy}/runs/run-1")).Status);
        }
    }

    private static async Task<string> WithoutWorldServiceAsync(Door door, string world, string strategy)
    {
        // One part is missing, not two: the graph's first answer after a start may take longer than a probe waits.
        await TimeLimits.EventuallyAsync(async () => (await door.GetAsync("/health")).As<GatewayHealth>() is { Dagmanager: "ok", Worldservice: not "ok" });

        var decided = await door.GetAsync($"/worlds/{world}/decide");
        var activation = await door.ActivationAsync(world, strategy);
        var submitted = await door.PostAsync("/strategies", Door.Submission(world, Door.Graph(12, 60)));

        Assert.Equal((HttpStatusCode.OK, "true"), (decided.Status, decided.Headers.GetValues("X-Stale").Single()));
        Assert.Equal(("compute-only", "backtest"), (decided.As<DecisionEnvelope>().EffectiveMode, decided.As<DecisionEnvelope>().ExecutionDomain));
        Assert.Equal((false, 0.0), (activation.Active, activation.Weight));
        Assert.True(submitted.Status == HttpStatusCode.Accepted, submitted.Text);
        var ack = submitted.As<StrategyAck>();
        Assert.Equal((true, true), (ack.Downgraded, ack.SafeMode));
        return ack.StrategyId;
    }

    private static async Task<(string World, string Strategy)> SelectedAsync(StackUnderTest stack)
    {
        using var door = new Door(stack);
        var world = await door.WorldAsync();
        var strategy = (await door.SubmitAsync(world)).StrategyId;
        await door.EvaluateAsync(world, strategy, sharpe: 1.5);
        Assert.True((await door.ActivationAsync(world, strategy)).Active);
        return (world, strategy);
    }
}

/// <summary>Outages in one process: a stop and a start.</summary>
[Collection(nameof(EmbeddedStackUnderTest))]
public sealed class EmbeddedOutageTests(StackFixture<EmbeddedStackUnderTest> fixture) : OutageSuite<EmbeddedStackUnderTest>(fixture);

/// <summary>Outages in one process: kill -9.</summary>
[Collection(nameof(StandaloneProcessUnderTest))]
public sealed class StandaloneOutageTests(StackFixture<StandaloneProcessUnderTest> fixture) : OutageSuite<StandaloneProcessUnderTest>(fixture);

/// <summary>Outages of separate services: kill -9.</summary>
[Requires(Needs.Postgres | Needs.Redis)]
[Collection(nameof(FullStackUnderTest))]
public sealed class FullOutageTests(StackFixture<FullStackUnderTest> fixture) : OutageSuite<FullStackUnderTest>(fixture);
