using System.Diagnostics;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>Two whole stacks, each a process of its own, over one SQLite file: what one closes, the other must not go on holding open.</summary>
public sealed class StandalonePairTests
{
    // What WorldService remembers for reads is never older than this, whatever became of the events.
    private static readonly TimeSpan DecisionAge = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ActivationAge = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task WhatOneCloses_IsClosedAtTheOther_OnceItsMemoryIsTooOld()
    {
        await using var first = new StandaloneProcessUnderTest();
        await using var second = new StandaloneProcessUnderTest(first);
        await first.StartAsync().Within(120);
        await second.StartAsync().Within(120);
        using var one = new Door(first);
        using var other = new Door(second);
        var world = await WorldAsync(one);
        await TimeLimits.EventuallyAsync(async () => (await ActivationAsync(other, world)).Active);
        Assert.Equal(await HashAsync(one, world), await HashAsync(other, world));

        // An entry that an operator freezes.
        await WarmAsync(other, world);
        await one.Worlds.PutActivationAsync(new PutActivationRequest { WorldId = world, StrategyId = "a", Side = "long", Active = true, Freeze = true }).ResponseAsync.Within();
        await PassAsync(ActivationAge);
        var frozen = await ActivationAsync(other, world);
        Assert.True(frozen.Freeze);
        Assert.Equal(await ActivationAsync(one, world), frozen);
        Assert.True((await other.ActivationAsync(world, "a")).Freeze);

        // A world whose circuit is opened, in the process that was the other one.
        await WarmAsync(one, world);
        var before = await DecideAsync(one, world);
        Assert.NotEqual("validate", before.EffectiveMode);
        await other.Worlds.UpdateWorldAsync(new UpdateWorldRequest { WorldId = world, CircuitBreaker = true }).ResponseAsync.Within();
        await PassAsync(DecisionAge);
        var broken = await DecideAsync(one, world);
        Assert.Equal(("validate", "circuit_breaker"), (broken.EffectiveMode, broken.Reason));
        Assert.NotEqual(before.Etag, broken.Etag);
        await PassAsync(ActivationAge);
        Assert.True((await ActivationAsync(one, world)).Drain);
        Assert.Equal(await HashAsync(other, world), await HashAsync(one, world));

        // The Gateways hear of it by event.
        foreach (var door in new[] { one, other })
            await TimeLimits.EventuallyAsync(async () => (await door.GetAsync($"/worlds/{world}/decide")).As<DecisionEnvelope>().EffectiveMode == "validate");
    }

    /// <summary>A world with a strategy that is active, on data that is all there.</summary>
    private static async Task<string> WorldAsync(Door door)
    {
        var world = await door.WorldAsync();
        await door.Worlds.BindStrategiesAsync(new BindStrategiesRequest { WorldId = world, Strategies = { "a" } }).ResponseAsync.Within();
        await door.EvaluateAsync(world, "a", sharpe: 1.5);
        var report = new HistoryReport { StrategyId = "a", NodeId = "price", Interval = 60, Rows = 100, DatasetFingerprint = "sha256:1" };
        await door.Worlds.PutHistoryAsync(new PutHistoryRequest { WorldId = world, Report = report }).ResponseAsync.Within();
        return world;
    }

    /// <summary>Fills the memories that the change makes wrong.</summary>
    private static async Task WarmAsync(Door door, string world)
    {
        await DecideAsync(door, world);
        await ActivationAsync(door, world);
    }

    /// <summary>Waits until whatever was remembered before this call is too old. A read that begins later may take as long as the machine likes.</summary>
    private static async Task PassAsync(TimeSpan age)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < age) await Task.Delay(age - watch.Elapsed + TimeSpan.FromMilliseconds(1));
    }

    private static Task<DecisionEnvelope> DecideAsync(Door door, string world) => door.Worlds.DecideAsync(new DecideRequest { WorldId = world }).ResponseAsync.Within();

    private static Task<ActivationEnvelope> ActivationAsync(Door door, string world) =>
        door.Worlds.GetActivationAsync(new GetActivationRequest { WorldId = world, StrategyId = "a", Side = "long" }).ResponseAsync.Within();

    private static async Task<string> HashAsync(Door door, string world) =>
        (await door.Worlds.GetStateHashAsync(new GetStateHashRequest { WorldId = world, Topic = "activation" }).ResponseAsync.Within()).StateHash_;
}
