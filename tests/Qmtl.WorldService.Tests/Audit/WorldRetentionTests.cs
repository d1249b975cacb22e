using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Storage;
using Qmtl.Storage.Retention;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Audit;

/// <summary>What of a world goes when it is old, and what never does.</summary>
public abstract class WorldRetentionTests
{
    private protected abstract Task<WorldHost> StartAsync();

    private static readonly (string Kind, long Rows)[] Expected = [("apply_acknowledgements", 0), ("apply_runs", 1), ("rebalance_runs", 0), ("run_revisions", 2)];

    [ConformanceFact]
    public async Task Sweep_OldRevisionsAndRuns_KeepsWhatIsInForce()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");
        foreach (var sharpe in new[] { 1.0, 2.0, 3.0 }) await host.EvaluateAsync("w", "a", "r1", ("sharpe", sharpe));
        foreach (var run in new[] { "ap1", "ap2" })
        {
            var apply = new ApplyRequest { WorldId = "w", RunId = run };
            apply.Metrics["a"] = new Struct { Fields = { ["sharpe"] = Value.ForNumber(3) } };
            Assert.Equal("completed", (await host.Client.ApplyAsync(apply).ResponseAsync.Within()).Phase);
        }

        var retention = host.Services.GetRequiredService<IRetention>();
        await AgeAsync(host, TimeSpan.FromDays(364));
        Assert.All(await retention.SweepAsync(apply: false, "ops").Within(), result => Assert.Equal(0, result.Rows));

        await AgeAsync(host, TimeSpan.FromDays(2));
        var before = await Tables.ReadAsync(host.Database);
        Assert.Equal(Expected, Counts(await retention.SweepAsync(apply: false, "ops").Within()));
        Assert.Equal(before, await Tables.ReadAsync(host.Database));
        Assert.Equal(Expected, Counts(await retention.SweepAsync(apply: true, "ops").Within()));

        Assert.Equal([3], await host.Database.QueryAsync<int>("SELECT revision FROM ws_run_revisions WHERE run_id = 'r1'").Within());
        Assert.Equal(["ap2"], await host.Database.QueryAsync<string>("SELECT run_id FROM ws_apply_runs").Within());
        Assert.Equal(3, (await host.RunAsync("w", "a", "r1")).Metrics.Values["sharpe"]);
        Assert.True((await host.Client.VerifyAuditAsync(new VerifyAuditRequest { WorldId = "w" }).ResponseAsync.Within()).Ok);
    }

    /// <summary>Makes the records older. Moving the clock instead would run a year of background work.</summary>
    private static Task AgeAsync(WorldHost host, TimeSpan by) => host.Database.WriteAsync(async unit =>
    {
        var nanoseconds = by.Ticks * 100;
        await unit.ExecuteAsync("UPDATE ws_run_revisions SET recorded_at = recorded_at - @nanoseconds", new { nanoseconds });
        await unit.ExecuteAsync("UPDATE ws_apply_runs SET updated_at = updated_at - @nanoseconds", new { nanoseconds });
    }).Within();

    private static IEnumerable<(string Kind, long Rows)> Counts(IEnumerable<RetentionResult> results) => results.Select(result => (result.Kind, result.Rows));
}

public sealed class SqliteWorldRetentionTests : WorldRetentionTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.SqliteAsync();
}

[Requires(Needs.Postgres)]
public sealed class PostgresWorldRetentionTests : WorldRetentionTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.PostgresAsync();
}
