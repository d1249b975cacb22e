using System.Text.Json;

namespace Qmtl.Identity.Tests;

public sealed class KeyTests
{
    [Theory]
    [InlineData("backtest", "2025-01-01T00:00:00Z", "p0", "blake3:6241e6c02d515bb55ec7e49e9ce2af9d770f569cf3f958ffe06c0ab1dc987a3b")]
    [InlineData(null, null, null, "blake3:e4d666316db01277c0127116c724179421cc4935529a3cd70c192301c9af5997")]
    [InlineData("default", null, null, "blake3:e4d666316db01277c0127116c724179421cc4935529a3cd70c192301c9af5997")]
    [InlineData("live", null, null, "blake3:1171c0f7d32de81f5d6fba05bbfa0dad70e7aee5c98cb4da57e7a233b90da086")]
    public void ComputeKey_GoldenContext_GivesTheGoldenKey(string? domain, string? asOf, string? partition, string expected) =>
        Assert.Equal(expected, ComputeKey.Create("blake3:aa", "w1", ExecutionModes.ParseDomain(domain), asOf, partition));

    [Fact]
    public void ComputeKey_OtherWorldDomainMomentOrPartition_IsAnotherKey()
    {
        var context = new ComputeContext("w1", ExecutionDomain.Backtest, "2025", "p0");
        string[] keys =
        [
            context.ComputeKeyOf("blake3:aa"), context.ComputeKeyOf("blake3:ab"), (context with { WorldId = "w2" }).ComputeKeyOf("blake3:aa"),
            (context with { Domain = ExecutionDomain.Live }).ComputeKeyOf("blake3:aa"), (context with { AsOf = "2026" }).ComputeKeyOf("blake3:aa"),
            (context with { Partition = "p1" }).ComputeKeyOf("blake3:aa"),
        ];
        Assert.Distinct(keys);
        Assert.Equal(keys[0], (context with { DatasetFingerprint = "sha256:00", Downgraded = true }).ComputeKeyOf("blake3:aa"));
    }

    [Fact]
    public void ComputeKey_PartThatContainsTheSeparator_IsRefused() =>
        Assert.Throws<RefusalException>(() => ComputeKey.Create("blake3:aa", "w1\u001flive"));

    [Fact]
    public void EvalKey_GoldenParts_GiveTheGoldenKey() => Assert.Equal(
        "blake3:194f89170ad0441d74afc7cba60c34bed77a71098685f05448651c0e4664a748",
        new EvalKey("w1", "blake3:aa", ExecutionDomain.Backtest, "c1", "sha256:00", "v1", "std").Compute());

    [Fact]
    public void Canary_GoldenRun_HasTheGoldenScore()
    {
        Assert.Equal(0.678793859124047, Canary.Score("w1", "s1", "r1"), 15);
        Assert.True(Canary.IsChosen("w1", "s1", "r1", 0.68));
        Assert.False(Canary.IsChosen("w1", "s1", "r1", 0.67));
        Assert.False(Canary.IsChosen("w1", "s1", "r1", 0));
        Assert.True(Canary.IsChosen("w1", "s1", "r1", 1));
    }

    [Theory]
    [InlineData("""{"as_of":"2025-01-01T00:00:00Z","provenance":{"actor":"gw","stage":"paper"},"ttl_sec":900,"version":"v1","weights":{"a":0.6,"b":0.4},"world_id":"w1"}""")]
    [InlineData("""{"world_id":"w1","hash":"x","created_at":"y","version":"v1","weights":{"b":0.40,"a":6e-1},"ttl_sec":900,"provenance":{"stage":"paper","actor":"gw"},"as_of":"2025-01-01T00:00:00Z"}""")]
    public void RiskSnapshotHash_GoldenSnapshot_IsTheGoldenHash(string json)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal("blake3:8298790de34e4727889c518ece64c0844ef4fdee2bc9779479fd4bfd88efde2b", ContentHash.OfRiskSnapshot(document.RootElement));
    }

    [Fact]
    public void ActivationStateHash_EntriesInAnyOrder_IsOneHashUntilAnEntryChanges()
    {
        var first = new ActivationStateEntry("s1", "long", true, 0.5, false, false, EffectiveMode.Live, 3);
        var second = first with { StrategyId = "s2", Side = "short" };
        var hash = StateHash.OfActivation("w", [first, second]);

        Assert.Equal(hash, StateHash.OfActivation("w", [second, first]));
        Assert.Matches("^blake3:[0-9a-f]{64}$", hash);
        Assert.Distinct(new[]
        {
            hash, StateHash.OfActivation("v", [first, second]), StateHash.OfActivation("w", [first]), StateHash.OfActivation("w", []),
            StateHash.OfActivation("w", [first with { Freeze = true }, second]), StateHash.OfActivation("w", [first with { Weight = 0.25 }, second]),
        });
    }
}

internal static class DistinctAssert
{
    extension(Assert)
    {
        public static void Distinct<T>(IReadOnlyCollection<T> values) => Assert.Equal(values.Count, values.Distinct().Count());
    }
}
