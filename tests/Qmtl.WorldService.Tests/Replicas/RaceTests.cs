using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Promotion;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Replicas;

/// <summary>Two replicas over one database race each other: nothing is lost, nothing happens twice, and both see the same in the end.</summary>
public sealed class RaceTests
{
    private const int Worlds = 4;
    private const int Workers = 4;
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}}\n";

    [RequiresFact(Needs.Postgres | Needs.Redis)]
    public async Task TwoReplicas_OnPostgresAndRedis_RacingTenThousandTimes_LoseNothing()
    {
        var redis = await RedisServer.SharedAsync();
        await RaceAsync(10_000, ("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync()), ("ConnectionStrings:redis", redis.ConnectionString));
    }

    private static async Task RaceAsync(int operations, params (string Key, string? Value)[] settings)
    {
        var configuration = settings.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        await using var first = await WorldHost.StartAsync(configuration, realTime: true);
        await using var second = await WorldHost.StartAsync(configuration, realTime: true);
        WorldHost[] hosts = [first, second];
        for (var world = 0; world < Worlds; world++) await first.WorldAsync(NameOf(world), Policy, "a", "b", "c");
        var race = new Race(hosts);
        var left = operations;
        await Task.WhenAll(Enumerable.Range(0, Workers * hosts.Length).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            while (Interlocked.Decrement(ref left) >= 0) await race.StepAsync(random, hosts[worker % hosts.Length]);
        }))).Within(480);
        Assert.True(race.Count >= operations);
        for (var world = 0; world < Worlds; world++) await race.CheckAsync(NameOf(world));
    }

    private static string NameOf(int world) => $"race{world}";

    /// <summary>What was done, so that it can be held against what is there.</summary>
    private sealed class Race(WorldHost[] hosts)
    {
        private static readonly string[] Strategies = ["a", "b", "c"];
        private readonly ConcurrentBag<(string World, string Etag)> _puts = [];
        private readonly ConcurrentBag<(string World, int Version)> _policies = [];
        private readonly ConcurrentDictionary<(string World, string Run), string> _applies = new();
        private readonly ConcurrentBag<(string World, string Strategy, string Run)> _runs = [];
        private readonly ConcurrentBag<(string World, string Run)> _approvals = [];
        private long _count;

        public long Count => _count;

        public async Task StepAsync(Random random, WorldHost host)
        {
            Interlocked.Increment(ref _count);
            var world = NameOf(random.Next(Worlds));
            var strategy = Strategies[random.Next(Strategies.Length)];
            await (random.Next(100) switch
            {
                < 12 => PutAsync(host, world, strategy),
                < 16 => EvaluateAsync(host, world, strategy, random.Next(200)),
                < 18 => DecisionsAsync(host, world, random),
                18 when random.Next(5) == 0 => PolicyAsync(host, world),
                19 => ApplyAsync(host, world, random.Next(10)),
                < 22 => ApproveAsync(host, world, strategy, random.Next(200)),
                _ => ReadAsync(host, world, strategy),
            });
        }

        public async Task CheckAsync(string world)
        {
            await VersionsAsync(world);
            await RunsAsync(world);
            await AppliesAsync(world);
            foreach (var host in hosts) Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync(world).Within(60)).Intact);
            var hashes = await Task.WhenAll(hosts.Select(host => host.Client.GetStateHashAsync(new GetStateHashRequest { WorldId = world, Topic = "activation" }).ResponseAsync)).Within();
            Assert.Equal(hashes[0].StateHash_, hashes[1].StateHash_);
            var decided = await Task.WhenAll(hosts.Select(host => host.DecideAsync(world)));
            Assert.Equal(decided[0].Etag, decided[1].Etag);
        }

        /// <summary>Every put that won made a version of its own; every version of an entry is in the log, once, without gaps.</summary>
        private async Task VersionsAsync(string world)
        {
            var etags = _puts.Where(put => put.World == world).Select(put => put.Etag).ToArray();
            Assert.NotEmpty(etags);
            Assert.Equal(etags.Length, etags.Distinct(StringComparer.Ordinal).Count());
            var events = await hosts[0].Database.QueryAsync<long>(
                "SELECT COUNT(*) FROM bus_log WHERE topic = 'activation' AND message_key = @world AND message_type = 'activation_updated'", new { world });
            var versions = await hosts[0].Database.QueryAsync<long>("SELECT COALESCE(SUM(entry_version), 0) FROM ws_activation WHERE world_id = @world", new { world });
            var worldWide = await hosts[0].Database.QueryAsync<long>("SELECT COUNT(*) FROM ws_apply_runs WHERE world_id = @world AND phase <> 'requested'", new { world });
            Assert.True(events[0] >= versions[0], $"{events[0]} events for {versions[0]} versions");
            Assert.True(events[0] <= versions[0] + (2 * worldWide[0]), $"{events[0]} events for {versions[0]} versions and {worldWide[0]} applies");
            var numbers = await hosts[0].Database.QueryAsync<long>("SELECT version FROM ws_policies WHERE world_id = @world ORDER BY version", new { world });
            Assert.Equal(Enumerable.Range(1, numbers.Count).Select(number => (long)number), numbers);
            Assert.Equal(numbers.Count - 1, _policies.Count(policy => policy.World == world));
        }

        /// <summary>Every revision of every run is there, without gaps, and each approval is one of them.</summary>
        private async Task RunsAsync(string world)
        {
            var known = _runs.Where(run => run.World == world).Select(run => $"{run.Strategy}/{run.Run}").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
            var stored = await hosts[0].Database.QueryAsync<string>("SELECT strategy_id || '/' || run_id FROM ws_runs WHERE world_id = @world", new { world });
            Assert.Equal(known, stored.Order(StringComparer.Ordinal));
            var broken = await hosts[0].Database.QueryAsync<string>(
                """
                SELECT r.run_id FROM ws_runs r WHERE r.world_id = @world AND r.revision <> (SELECT COUNT(*) FROM ws_run_revisions v
                    WHERE v.world_id = r.world_id AND v.strategy_id = r.strategy_id AND v.run_id = r.run_id)
                """,
                new { world });
            Assert.Empty(broken);
            var overrides = await hosts[0].Database.QueryAsync<long>("SELECT COUNT(*) FROM ws_run_revisions WHERE world_id = @world AND change_type = 'override'", new { world });
            Assert.Equal(_approvals.Count(approval => approval.World == world), overrides[0]);
        }

        /// <summary>Every run that somebody was told of is there once, in a row without gaps, and none is left half done.</summary>
        private async Task AppliesAsync(string world)
        {
            var rows = await hosts[0].Database.QueryAsync<ApplyRow>("SELECT run_id, number, phase FROM ws_apply_runs WHERE world_id = @world ORDER BY number", new { world });
            Assert.Equal(Enumerable.Range(1, rows.Count), rows.Select(row => row.Number));
            Assert.All(rows, row => Assert.Contains(row.Phase, new[] { "completed", "rolled_back" }));
            Assert.Equal(_applies.Keys.Where(key => key.World == world).Select(key => key.Run).Order(StringComparer.Ordinal), rows.Select(row => row.RunId).Order(StringComparer.Ordinal));
        }

        /// <summary>Reads an entry and changes it under its etag; who comes second is told so and changes nothing.</summary>
        private Task PutAsync(WorldHost host, string world, string strategy) => TryAsync(
            async () =>
            {
                var etag = "";
                try
                {
                    etag = (await host.Client.GetActivationAsync(new GetActivationRequest { WorldId = world, StrategyId = strategy, Side = "long" }).ResponseAsync).Etag;
                }
                catch (RefusalException refusal) when (refusal.Code.Code == ReasonCodes.ActivationUnknown.Code)
                {
                    // The first one: without an etag there is nothing to lose.
                }

                var put = await host.Client.PutActivationAsync(new PutActivationRequest { WorldId = world, StrategyId = strategy, Side = "long", Active = true, Weight = 0.5, Etag = etag }).ResponseAsync;
                _puts.Add((world, put.Etag));
            },
            ReasonCodes.EtagConflict);

        private Task EvaluateAsync(WorldHost host, string world, string strategy, int number) => TryAsync(async () =>
        {
            var request = WorldHost.Request(world, strategy, $"run-{number}", ("sharpe", 1 + (number / 100.0)));
            request.Stage = "paper";
            await host.Client.EvaluateAsync(request).ResponseAsync;
            _runs.Add((world, strategy, $"run-{number}"));
        });

        private static Task DecisionsAsync(WorldHost host, string world, Random random)
        {
            var request = new SetDecisionsRequest { WorldId = world };
            request.Strategies.Add(Strategies.Where(_ => random.Next(2) == 0));
            return TryAsync(async () => await host.Client.SetDecisionsAsync(request).ResponseAsync);
        }

        private Task PolicyAsync(WorldHost host, string world) => TryAsync(async () => _policies.Add((world, (await host.UploadAsync(world, Policy)).Version)));

        private Task ApplyAsync(WorldHost host, string world, int number) => TryAsync(
            async () =>
            {
                var run = $"apply-{number}";
                var ack = await host.Client.ApplyAsync(new ApplyRequest { WorldId = world, RunId = run, Plan = new ApplyPlan { Activate = { Strategies[number % Strategies.Length] } } }).ResponseAsync;
                _applies[(world, run)] = ack.Phase;
            },
            ReasonCodes.ApplyInProgress, ReasonCodes.EtagConflict);

        private Task ApproveAsync(WorldHost host, string world, string strategy, int number) => TryAsync(
            async () =>
            {
                await host.Client.ApproveLiveAsync(new PromotionReviewRequest { WorldId = world, StrategyId = strategy, RunId = $"run-{number}", Comment = "race" }, PromotionBench.As("ann")).ResponseAsync;
                _approvals.Add((world, $"run-{number}"));
            },
            ReasonCodes.RunUnknown);

        private static Task ReadAsync(WorldHost host, string world, string strategy) => TryAsync(
            async () =>
            {
                await host.Client.DecideAsync(new DecideRequest { WorldId = world }).ResponseAsync;
                await host.Client.GetActivationAsync(new GetActivationRequest { WorldId = world, StrategyId = strategy, Side = "long" }).ResponseAsync;
            },
            ReasonCodes.ActivationUnknown);

        /// <summary>Refusals that a race may bring are part of it; any other is a failure of the test.</summary>
        private static async Task TryAsync(Func<Task> step, params ReasonCode[] expected)
        {
            try
            {
                await step();
            }
            catch (RefusalException refusal) when (expected.Any(code => code.Code == refusal.Code.Code))
            {
                // Somebody else was first.
            }
        }

        private sealed record ApplyRow
        {
            public string RunId { get; init; } = "";

            public int Number { get; init; }

            public string Phase { get; init; } = "";
        }
    }
}
