using System.Text.Json;

namespace Qmtl.Cli.Tests;

/// <summary>Shares of equity, rebalancing and nodes from a shell, against a real stack.</summary>
public sealed class CapitalTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private const string Covariance = """{"strategies":["a","b"],"covariance":{"a,a":0.0001,"b,b":0.0004,"a,b":0}}""";
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Allocate_ProposesThenSets_AndRollbackTakesItBack()
    {
        var world = await WorldAsync();
        var data = _scratch.Write("risk.json", Covariance);

        // Deviations 1 % and 2 %, uncorrelated: equal contributions to the risk are weights of 2/3 and 1/3.
        var proposal = await JsonAsync("world", "allocate", world, "--method", "risk_parity", "--data", data);
        Assert.Equal((0.66666667, 0.33333333), (Rounded(proposal.GetProperty("weights").GetProperty("a")), Rounded(proposal.GetProperty("weights").GetProperty("b"))));
        Assert.Equal(1, (await RunAsync("world", "allocation-rollback", "none", "--run-id", Id())).ExitCode);

        var noShare = await RunAsync("world", "allocate", world, "--data", data, "--apply", "--run-id", Id(), "--total-equity", "1000");
        Assert.Equal(1, noShare.ExitCode);
        Assert.Contains("--share. [E_ALLOCATION_UNKNOWN]", noShare.Error, StringComparison.Ordinal);

        var (first, second) = (Id(), Id());
        var set = await JsonAsync("world", "allocate", world, "--data", data, "--apply", "--run-id", first, "--total-equity", "1000", "--share", "0.3");
        Assert.Equal(["proposal", "allocation"], set.EnumerateObject().Select(part => part.Name));
        Assert.Equal((0.3, 0.2, 0.1), await SharesAsync(world));
        Assert.DoesNotContain(set.GetProperty("proposal").GetProperty("warnings").EnumerateArray(), warning => warning.GetString()!.Contains("no share", StringComparison.Ordinal));
        Assert.Equal(0.2, Math.Round(set.GetProperty("proposal").GetProperty("strategy_alloc_total").GetProperty("a").GetDouble(), 9));

        var equal = await RunAsync("world", "allocate", world, "--method", "equal", "--data", _scratch.Write("two.json", """{"strategies":["a","b"]}"""), "--apply", "--run-id", second, "--total-equity", "1000");
        Assert.True(equal.ExitCode == 0, equal.Error);
        Assert.DoesNotContain("no share", equal.Out, StringComparison.Ordinal);
        Assert.Contains($"set by run {second}; take it back with: qmtl world allocation-rollback {second}", equal.Out, StringComparison.Ordinal);
        Assert.Equal((0.3, 0.15, 0.15), await SharesAsync(world));

        var tooEarly = await RunAsync("world", "allocation-rollback", first, "--run-id", Id());
        Assert.Equal(1, tooEarly.ExitCode);
        Assert.Contains("[E_ETAG_CONFLICT]", tooEarly.Error, StringComparison.Ordinal);
        var back = await RunAsync("world", "allocation-rollback", second, "--run-id", Id());
        Assert.Equal((0, $"run {second} is taken back"), (back.ExitCode, back.Lines[0]));
        Assert.Equal((0.3, 0.2, 0.1), await SharesAsync(world));

        // Shares are of one equity: the next test's worlds need theirs.
        Assert.Equal(0, (await RunAsync("world", "allocation-rollback", first, "--run-id", Id())).ExitCode);
        Assert.Empty((await JsonAsync("world", "allocations", "-w", world)).GetProperty("allocations").EnumerateObject());
    }

    [Theory]
    [InlineData("--apply", "--apply needs --run-id and --total-equity")]
    [InlineData("--share 0.5", "--share goes with --apply")]
    [InlineData("--apply --run-id r --total-equity 1 --share 2", "--share goes with --apply and is 0 to 1")]
    public async Task Allocate_WrongUsage_Is2AndAsksNobody(string options, string fix)
    {
        var ran = await Command.RunAsync(["world", "allocate", "w", .. options.Split(' '), "--gateway", "http://127.0.0.1:1"]);

        Assert.Equal((2, ""), (ran.ExitCode, ran.Out));
        Assert.Contains(fix, ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rebalance_FromAFile_PlansAndRecordsOnce()
    {
        var world = await WorldAsync();
        var file = _scratch.Write("r.json", $$"""
            {"total_equity":1000,"world_alloc_before":{"{{world}}":0.4},"world_alloc_after":{"{{world}}":0.2},
             "positions":[{"world_id":"{{world}}","strategy_id":"a","symbol":"BTC","qty":2,"mark":100}]}
            """);

        var plan = await RunAsync("world", "rebalance-plan", file);
        Assert.True(plan.ExitCode == 0, plan.Error);
        Assert.Contains("BTC", plan.Out, StringComparison.Ordinal);

        var run = Id();
        var applied = await JsonAsync("world", "rebalance-apply", file, "--run-id", run);
        var trade = applied.GetProperty("plan").GetProperty("per_world").GetProperty(world).GetProperty("deltas")[0];
        Assert.Equal((run, "BTC", -1, -100), (applied.GetProperty("run_id").GetString(), trade.GetProperty("symbol").GetString(), trade.GetProperty("delta_qty").GetDouble(), trade.GetProperty("delta_notional").GetDouble()));
        Assert.StartsWith("sha256:", applied.GetProperty("plan_digest").GetString(), StringComparison.Ordinal);
        Assert.Equal(applied.GetRawText(), (await JsonAsync("world", "rebalance-apply", file, "--run-id", run)).GetRawText());

        var other = _scratch.Write("o.json", (await File.ReadAllTextAsync(file)).Replace("\"qty\":2", "\"qty\":3", StringComparison.Ordinal));
        var conflict = await RunAsync("world", "rebalance-apply", other, "--run-id", run);
        Assert.Equal(1, conflict.ExitCode);
        Assert.Contains("[E_ETAG_CONFLICT]", conflict.Error, StringComparison.Ordinal);
        var audit = await JsonAsync("world", "audit", "list", world);
        Assert.Single(audit.GetProperty("entries").EnumerateArray(), entry => entry.GetProperty("event").GetString() == "rebalancing_planned");
    }

    [Fact]
    public async Task Rebalance_ByTarget_StartsFromTheSharesAsSet()
    {
        var world = await WorldAsync();
        var positions = _scratch.Write("p.json", $$"""[{"world_id":"{{world}}","strategy_id":"a","symbol":"ETH","qty":10,"mark":10}]""");
        string[] wanted = ["--target", $"{world}=0.1", "--positions-file", positions, "--total-equity", "1000"];

        var unknown = await RunAsync(["world", "rebalance-plan", .. wanted]);
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains($"--current {world}=0. [E_ALLOCATION_UNKNOWN]", unknown.Error, StringComparison.Ordinal);

        var run = Id();
        await JsonAsync("world", "allocate", world, "--data", _scratch.Write("risk.json", Covariance), "--apply", "--run-id", run, "--total-equity", "1000", "--share", "0.2");
        var plan = await JsonAsync(["world", "rebalance-plan", .. wanted]);
        Assert.Equal(0.5, plan.GetProperty("per_world").GetProperty(world).GetProperty("scale_world").GetDouble());
        Assert.Equal(-5, plan.GetProperty("global_deltas")[0].GetProperty("delta_qty").GetDouble());
        var given = await JsonAsync(["world", "rebalance-plan", .. wanted, "--current", $"{world}=0.4"]);
        Assert.Equal(0.25, given.GetProperty("per_world").GetProperty(world).GetProperty("scale_world").GetDouble());
        await JsonAsync("world", "allocation-rollback", run, "--run-id", Id());
    }

    [Theory]
    [InlineData("", "give FILE or --target SHARES")]
    [InlineData("x.json --target a=1", "--target and FILE exclude each other")]
    [InlineData("--target a=2", "--target must be world=share")]
    [InlineData("--target a=nan", "--target must be world=share")]
    [InlineData("--target a=0.1,a=0.2", "--target gives a twice")]
    [InlineData("--target a=0.1 --positions-file p.json", "--positions-file needs --total-equity")]
    public async Task Rebalance_WrongUsage_Is2AndAsksNobody(string options, string fix)
    {
        var ran = await Command.RunAsync(["world", "rebalance-plan", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--gateway", "http://127.0.0.1:1"]);

        Assert.Equal((2, ""), (ran.ExitCode, ran.Out));
        Assert.Contains(fix, ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_MoveFromStatusToStatus_AsTheyMay()
    {
        var world = await WorldAsync();

        var tooFar = await RunAsync("world", "nodes", "set", world, "n1", "running");
        Assert.Equal(1, tooFar.ExitCode);
        Assert.Contains("[E_NODE_TRANSITION]", tooFar.Error, StringComparison.Ordinal);
        Assert.Equal("n1: valid in dryrun", (await RunAsync("world", "nodes", "set", world, "n1", "valid", "--domain", "dryrun", "--note", "by=ann")).Lines[0]);
        var running = await JsonAsync("world", "nodes", "set", world, "n1", "running", "--domain", "dryrun");
        Assert.Equal(("running", "ann"), (running.GetProperty("status").GetString(), running.GetProperty("annotations").GetProperty("by").GetString()));

        var listed = await JsonAsync("world", "nodes", "list", world, "--domain", "dryrun");
        Assert.Equal("n1", listed.GetProperty("nodes").EnumerateArray().Single().GetProperty("node_id").GetString());
        Assert.Empty((await JsonAsync("world", "nodes", "list", world, "--domain", "live")).GetProperty("nodes").EnumerateArray());

        await JsonAsync("world", "nodes", "set", world, "n1", "valid", "--domain", "live");
        var live = await RunAsync("world", "nodes", "set", world, "n1", "running", "--domain", "live");
        Assert.Equal(3, live.ExitCode);
        Assert.Contains("[E_LIVE_DISABLED]", live.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("world", "nodes", "set", world, "n1", "valid", "--domain", "moon")).ExitCode);
    }

    [Fact]
    public async Task MonitorRun_OfAll_NamesEveryWorldOfTheTier()
    {
        var world = await WorldAsync();

        var all = await JsonAsync("world", "monitor", "run", "--all");
        var medium = await RunAsync("world", "monitor", "run", "--all", "--tier", "medium");
        var high = await JsonAsync("world", "monitor", "run", "--all", "--tier", "high");

        Assert.Contains(all.GetProperty("runs").EnumerateArray(), run => run.GetProperty("world_id").GetString() == world && run.GetProperty("status").GetString() == "success");
        Assert.Contains($"{world}: 0 strategies revised", medium.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(high.GetProperty("runs").EnumerateArray(), run => run.GetProperty("world_id").GetString() == world);
        Assert.Equal(2, (await RunAsync("world", "monitor", "run")).ExitCode);
        Assert.Equal(2, (await RunAsync("world", "monitor", "run", world, "--all")).ExitCode);
        Assert.Equal(2, (await RunAsync("world", "monitor", "run", world, "--tier", "high")).ExitCode);
        Assert.Contains("did you mean high?", (await RunAsync("world", "monitor", "run", "--all", "--tier", "hihg")).Error, StringComparison.Ordinal);
    }

    private static string Id() => $"run-{Guid.NewGuid():N}";

    private static double Rounded(JsonElement value) => Math.Round(value.GetDouble(), 8);

    private async Task<(double World, double A, double B)> SharesAsync(string world)
    {
        var share = (await JsonAsync("world", "allocations", "-w", world)).GetProperty("allocations").GetProperty(world);
        var strategies = share.GetProperty("strategy_alloc_total");
        return (share.GetProperty("allocation").GetDouble(), Math.Round(strategies.GetProperty("a").GetDouble(), 9), Math.Round(strategies.GetProperty("b").GetDouble(), 9));
    }

    private async Task<string> WorldAsync()
    {
        var world = $"w-{Guid.NewGuid():N}";
        await JsonAsync("world", "create", world, "--preset", "sandbox");
        return world;
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);

    private Task<JsonElement> JsonAsync(params string[] args) => Command.JsonAsync([.. args, "--gateway", stack.Gateway]);
}
