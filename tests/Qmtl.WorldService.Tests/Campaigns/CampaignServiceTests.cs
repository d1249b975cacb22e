using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Campaigns;

/// <summary>Campaigns over gRPC, whatever database they stand on.</summary>
public abstract class CampaignServiceTests
{
    private const string Policy =
        "thresholds: {s: {metric: sharpe, min: 1}}\ncampaign: {backtest: {window: 2d}, paper: {window: 3d}, common: {min_trades_total: 10}}\n";

    private protected abstract Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings);

    [ConformanceFact]
    public async Task Campaign_OverItsWindows_LeadsToTheQuestionOfApproval()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        Assert.Equal(("evaluate", "backtest"), await NextAsync(host));
        await RunAsync(host, "backtest", "b1");
        host.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(("evaluate", "backtest"), await NextAsync(host));
        await RunAsync(host, "backtest", "b1");
        var status = await StatusAsync(host);
        Assert.Equal((true, 172_800.0, 1.0), (status.PromotableToPaper, status.Window.ObservedSec, status.Window.Progress));
        Assert.Equal(("evaluate", "paper"), await NextAsync(host));

        await RunAsync(host, "paper", "p1");
        host.Clock.Advance(TimeSpan.FromDays(3));
        await RunAsync(host, "paper", "p2");
        status = await StatusAsync(host);
        Assert.Equal(("paper_campaign", true, "p2", 12, 1.5), (status.Phase, status.PromotableToLive, status.LatestRuns["paper"], status.Trades, status.Sharpe));
        Assert.Equal(("manual_approval_required", "live"), await NextAsync(host));
    }

    [ConformanceFact]
    public async Task Tick_ChangesNothing_AndSuggestsNoMetrics()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b", "c");
        await RunAsync(host, "backtest", "b1");
        var before = await FingerprintAsync(host);
        for (var i = 0; i < 3; i++)
        {
            var tick = await host.Client.TickCampaignAsync(new CampaignRequest { WorldId = "w" }).ResponseAsync.Within();
            Assert.Equal((1, 3), (tick.SchemaVersion, tick.Actions.Count));
            Assert.All(tick.Actions, action => Assert.Equal(["run_id", "stage", "strategy_id"], action.SuggestedBody.Fields.Keys.Order(StringComparer.Ordinal)));
            Assert.Equal("camp-w-a-backtest-20260105", tick.Actions[0].SuggestedRunId);
            await host.Client.GetCampaignStatusAsync(new CampaignRequest { WorldId = "w" }).ResponseAsync.Within();
            await host.Client.ExecuteCampaignAsync(new ExecuteCampaignRequest { WorldId = "w" }).ResponseAsync.Within();
        }

        Assert.Equal(before, await FingerprintAsync(host));
    }

    [ConformanceFact]
    public async Task Execute_TakesEachStepOnce()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b");
        await RunAsync(host, "backtest", "b1");
        var first = await ExecuteAsync(host);
        Assert.Equal(("executed", "camp-w-a-backtest-20260105"), (first.Steps[0].Outcome, first.Steps[0].Action.SuggestedRunId));
        var again = await ExecuteAsync(host);
        Assert.Equal(("skipped", "already_executed"), (again.Steps[0].Outcome, again.Steps[0].Reason));
        host.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal("executed", (await ExecuteAsync(host)).Steps[0].Outcome);
        var runs = await host.Client.ListEvaluationRunsAsync(new ListEvaluationRunsRequest { WorldId = "w", StrategyId = "a" }).ResponseAsync.Within();
        Assert.Equal(["b1", "camp-w-a-backtest-20260105", "camp-w-a-backtest-20260106"], runs.Runs.Select(run => run.RunId).Order(StringComparer.Ordinal));
        Assert.Equal(1.5, runs.Runs.Single(run => run.RunId.EndsWith("06", StringComparison.Ordinal)).Metrics.Returns.Sharpe);
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    [ConformanceFact]
    public async Task Lease_ExcludesOthers_UntilItEnds()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        LeaseCampaignRequest As(string holder) => new() { WorldId = "w", Holder = holder, TtlSec = 60 };
        var lease = await host.Client.LeaseCampaignAsync(As("one")).ResponseAsync.Within();
        Assert.Equal(host.Clock.GetUtcNow().AddSeconds(60), lease.ExpiresAt.ToDateTimeOffset());
        Assert.Equal(ReasonCodes.LeaseHeld.Code, (await WorldHost.RefusedAsync(() => host.Client.LeaseCampaignAsync(As("two")).ResponseAsync)).Code.Code);
        Assert.Equal(ReasonCodes.LeaseHeld.Code, (await WorldHost.RefusedAsync(() => ExecuteAsync(host))).Code.Code);
        Assert.Equal(ReasonCodes.LeaseHeld.Code, (await WorldHost.RefusedAsync(() => ExecuteAsync(host, "two"))).Code.Code);
        await ExecuteAsync(host, "one");
        await host.Client.ReleaseCampaignAsync(new ReleaseCampaignRequest { WorldId = "w", Holder = "two" }).ResponseAsync.Within();
        await WorldHost.RefusedAsync(() => host.Client.LeaseCampaignAsync(As("two")).ResponseAsync);
        host.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("two", (await host.Client.LeaseCampaignAsync(As("two")).ResponseAsync.Within()).Holder);
        await host.Client.ReleaseCampaignAsync(new ReleaseCampaignRequest { WorldId = "w", Holder = "two" }).ResponseAsync.Within();
        Assert.Equal("three", (await host.Client.LeaseCampaignAsync(As("three")).ResponseAsync.Within()).Holder);
    }

    [ConformanceFact]
    public async Task Lease_ManyAtOnce_OneGetsIt()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                return (await host.Client.LeaseCampaignAsync(new LeaseCampaignRequest { WorldId = "w", Holder = $"h{i}" }).ResponseAsync).Holder;
            }
            catch (RefusalException refusal)
            {
                Assert.Equal(ReasonCodes.LeaseHeld.Code, refusal.Code.Code);
                return "";
            }
        })).Within(60);
        Assert.Single(results, holder => holder.Length > 0);
    }

    private static async Task<(string Action, string Stage)> NextAsync(WorldHost host)
    {
        var tick = await host.Client.TickCampaignAsync(new CampaignRequest { WorldId = "w", StrategyId = "a" }).ResponseAsync.Within();
        return (tick.Actions.Single().Action, tick.Actions.Single().Stage);
    }

    private static async Task<CampaignStrategy> StatusAsync(WorldHost host) =>
        (await host.Client.GetCampaignStatusAsync(new CampaignRequest { WorldId = "w", StrategyId = "a" }).ResponseAsync.Within()).Strategies.Single();

    private static Task<CampaignExecution> ExecuteAsync(WorldHost host, string holder = "") =>
        host.Client.ExecuteCampaignAsync(new ExecuteCampaignRequest { WorldId = "w", Evaluate = true, LeaseHolder = holder }).ResponseAsync.Within();

    private static Task<EvaluateResponse> RunAsync(WorldHost host, string stage, string run)
    {
        // Another content each time: repeating the same would change nothing, and would observe nothing.
        var request = WorldHost.Request("w", "a", run, ("sharpe", 1.5), ("trades", 12), ("winrate", 0.5 + (host.Clock.GetUtcNow().Day / 1000.0)));
        request.Stage = stage;
        return host.Client.EvaluateAsync(request).ResponseAsync.Within();
    }

    /// <summary>All rows of all tables.</summary>
    private static Task<string> FingerprintAsync(WorldHost host) => host.Database.ReadAsync(async session =>
    {
        var tables = await session.QueryAsync<string>(session.Dialect.IsPostgres
            ? "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name"
            : "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
        Assert.Contains("ws_runs", tables);
        var text = new StringBuilder();
        foreach (var table in tables)
        {
            var rows = await session.QueryAsync<object>($"SELECT * FROM {table}");
            text.Append(table).Append('\n').AppendJoin('\n', rows.Select(row => string.Join('|', ((IDictionary<string, object?>)row).Select(cell => cell.Value is byte[] bytes ? Convert.ToHexString(bytes) : cell.Value?.ToString()))).Order(StringComparer.Ordinal)).Append('\n');
        }

        return Blake3.HashHex(Encoding.UTF8.GetBytes(text.ToString()));
    });
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteCampaignServiceTests : CampaignServiceTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.SqliteAsync(settings);
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresCampaignServiceTests : CampaignServiceTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.PostgresAsync(settings);
}
