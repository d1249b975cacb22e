using Google.Protobuf.WellKnownTypes;
using Qmtl.Cli.Commands.Risk;
using Qmtl.V1;

namespace Qmtl.Cli.Tests;

/// <summary>Risk snapshots, live monitoring and invariants from a shell, against a real stack.</summary>
public sealed class RiskTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Publish_ThenLatestListHealth_ShowIt()
    {
        var world = await WorldAsync();
        Assert.Equal(1, (await RunAsync("risk", "health", world)).ExitCode);
        var now = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        var file = _scratch.Write("s.json", $$$"""{"version":"v1","as_of":"{{{now}}}","weights":{"btc":0.7,"eth":0.3},"provenance":{"stage":"live"}}""");

        var anonymous = await RunAsync("risk", "publish", world, "--file", file);
        Assert.Equal(2, anonymous.ExitCode);
        Assert.Contains("--actor", anonymous.Error, StringComparison.Ordinal);
        var published = await RunAsync("risk", "publish", world, "--file", file, "--actor", "desk");
        Assert.True(published.ExitCode == 0, published.Error);
        Assert.Contains("snapshot v1 of desk (live) is stored", published.Out, StringComparison.Ordinal);

        var latest = await Command.JsonAsync("risk", "latest", world, "--gateway", stack.Gateway);
        Assert.Equal(("v1", 0.7), (latest.GetProperty("version").GetString(), latest.GetProperty("weights").GetProperty("btc").GetDouble()));
        Assert.Contains("v1", (await RunAsync("risk", "list", world)).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("risk", "health", world)).ExitCode);
        var lint = await RunAsync("risk", "lint", world);
        Assert.Equal(1, lint.ExitCode);
        Assert.Contains("holds no covariance", lint.Out, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("risk", "latest", world, "--stage", "paper")).ExitCode);
    }

    [Fact]
    public async Task Publish_WhatIsNoSnapshot_NamesWhatIsWrong()
    {
        var world = await WorldAsync();
        var ran = await RunAsync("risk", "publish", world, "--file", _scratch.Write("s.json", """{"wights":{}}"""), "--actor", "a", "--stage", "live");
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("wights", ran.Error, StringComparison.Ordinal);
        var unbalanced = await RunAsync("risk", "publish", world, "--file", _scratch.Write("s.json", """{"version":"1","as_of":"2026-01-01T00:00:00Z","weights":{"a":0.5}}"""), "--actor", "a", "--stage", "live");
        Assert.Equal(1, unbalanced.ExitCode);
        Assert.Contains("must add up to 1", unbalanced.Error, StringComparison.Ordinal);
        Assert.Contains("[E_WORLD_UNKNOWN]", (await RunAsync("risk", "health", "nowhere")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SnapshotFromPositions_IsWeighedByGrossExposure_AndHashedAsTheHubHashes()
    {
        var world = await WorldAsync();
        var file = _scratch.Write("p.json", """[{"strategy_id":"a","symbol":"BTC","qty":2,"mark":100},{"strategy_id":"a","symbol":"ETH","qty":-10,"mark":10},{"strategy_id":"b","symbol":"BTC","qty":-1,"mark":100}]""");

        var published = await RunAsync("risk", "snapshot-from-positions", world, "--positions-file", file, "--actor", "desk", "--stage", "paper", "--version", "p1", "--ttl-sec", "60");
        Assert.True(published.ExitCode == 0, published.Error);

        // |2*100| + |-10*10| = 300 of 400; the hub refuses a hash that is not its own.
        var latest = await Command.JsonAsync("risk", "latest", world, "--gateway", stack.Gateway);
        Assert.Equal((0.75, 0.25), (latest.GetProperty("weights").GetProperty("a").GetDouble(), latest.GetProperty("weights").GetProperty("b").GetDouble()));
        Assert.Equal(("p1", 60, "desk"), (latest.GetProperty("version").GetString(), latest.GetProperty("ttl_sec").GetInt32(), latest.GetProperty("provenance").GetProperty("actor").GetString()));
        Assert.Equal(0, (await RunAsync("risk", "health", world)).ExitCode);
    }

    [Theory]
    [InlineData("""[{"strategy_id":"a","symbol":"BTC","qty":1,"mark":0}]""", "mark")]
    [InlineData("""[{"strategy_id":"","symbol":"BTC","qty":1,"mark":1}]""", "strategy_id")]
    [InlineData("""[{"world_id":"other","strategy_id":"a","symbol":"BTC","qty":1,"mark":1}]""", "a snapshot is of one world")]
    [InlineData("""[{"strategy_id":"a","symbol":"BTC","qty":0,"mark":1}]""", "no exposure")]
    [InlineData("[]", "no exposure")]
    [InlineData("{}", "no list of positions")]
    public async Task SnapshotFromPositions_ThatSayNothing_PublishesNothing(string positions, string problem)
    {
        var world = await WorldAsync();
        var ran = await RunAsync("risk", "snapshot-from-positions", world, "--positions-file", _scratch.Write("p.json", positions), "--actor", "desk", "--stage", "live");
        Assert.Equal((1, true), (ran.ExitCode, ran.Error.Contains(problem, StringComparison.Ordinal)));
        Assert.Equal(1, (await RunAsync("risk", "health", world)).ExitCode);
    }

    [Fact]
    public async Task MonitorAndInvariants_OfANewWorld_SayThatNothingIsLive()
    {
        var world = await WorldAsync();
        Assert.Contains("never monitored", (await RunAsync("world", "monitor", "report", world)).Out, StringComparison.Ordinal);
        var done = await RunAsync("world", "monitor", "run", world);
        Assert.True(done.ExitCode == 0, done.Error);
        Assert.Contains("No strategy is live", (await RunAsync("world", "monitor", "report", world)).Out, StringComparison.Ordinal);
        var invariants = await RunAsync("world", "invariants", world);
        Assert.Equal((0, $"{world}: everything holds"), (invariants.ExitCode, invariants.Lines[0].TrimEnd()));
    }

    [Fact]
    public void Lint_GapsAndOldFigures_AreFound()
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        RiskSnapshot Snapshot(string version, int createdAt, int asOf) => new()
        {
            Version = version,
            CreatedAt = Timestamp.FromDateTimeOffset(start.AddSeconds(createdAt)),
            AsOf = Timestamp.FromDateTimeOffset(start.AddSeconds(asOf)),
            TtlSec = 60,
            CovarianceRef = "blob:1",
            RealizedReturnsRef = "blob:2",
            StressRef = "blob:3",
        };
        var findings = SnapshotHealth.Lint([Snapshot("c", 200, 139), Snapshot("b", 100, 100), Snapshot("a", 40, 40)]).ToArray();
        Assert.Equal(["c", "b"], findings.Select(finding => finding.Version));
        Assert.Contains("61 s old", findings[0].Finding, StringComparison.Ordinal);
        Assert.Contains("ran out 40 s before c came", findings[1].Finding, StringComparison.Ordinal);
    }

    private async Task<string> WorldAsync()
    {
        var world = $"w-{Guid.NewGuid():N}";
        var created = await RunAsync("world", "create", world, "--preset", "sandbox");
        Assert.True(created.ExitCode == 0, created.Error);
        return world;
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);
}
