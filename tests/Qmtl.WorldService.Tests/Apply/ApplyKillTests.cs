using System.Net.Http.Json;
using System.Text.Json;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Monitoring.Invariants;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Tests.Apply;

/// <summary>A real process, killed in the middle of an apply: the next one ends what it finds, and nothing is ever half open.</summary>
public abstract class ApplyKillTests
{
    private const int RandomKills = 3;
    private static readonly string[] Pending = ["requested", "freeze", "switch", "unfreeze", "unfreeze_pending", "completed"];

    private protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task Kill9_InEveryStageAndAtRandomTimes_TheNextProcessEndsTheRun()
    {
        var store = await StoreAsync();
        await using var lab = await ApplyLab.StartAsync(store);
        Follow(lab, TimeSpan.Zero);

        await KillWhileItWaitsAsync(lab, store);
        await KillBetweenTwoCommitsAsync(lab, store);
        await KillAtRandomTimesAsync(lab, store);

        Assert.True((await lab.Get<IAuditLog>().VerifyAsync(ApplyLab.World)).Intact);
    }

    /// <summary>A silent observer keeps the run where it is, whoever runs it.</summary>
    private static async Task KillWhileItWaitsAsync(ApplyLab lab, IReadOnlyDictionary<string, string?> store)
    {
        await lab.Database.WriteAsync(unit => ApplyStore.ObserveAsync(unit, "g1", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddMinutes(10)));
        await using (var process = await Killable.StartAsync(store))
        {
            Assert.Equal("freeze", await process.ApplyAsync("r1", "b", "a"));
        }

        await CheckAsync(lab, "freeze", "a");
        await using (await Killable.StartAsync(store))
        {
            await AcknowledgeAsync(lab, "r1");
            await UntilAsync(lab, "r1", "unfreeze");
        }

        await CheckAsync(lab, "unfreeze", "b");
        Follow(lab, TimeSpan.FromSeconds(31));
        await lab.NewProcess().Driver.AdvanceAsync(ApplyLab.World, CancellationToken.None);
        await CheckAsync(lab, "unfreeze_pending", "b");
        await using (var process = await Killable.StartAsync(store))
        {
            await AcknowledgeAsync(lab, "r1");
            await EndsAsync(lab, process, "r1", "b", "a", Pending);
        }

        await lab.Database.WriteAsync(unit => ApplyStore.LeaveAsync(unit, "g1"));
    }

    /// <summary>Nobody is waited for in these stages: a process rests there only if it dies right after their commit.</summary>
    private static async Task KillBetweenTwoCommitsAsync(ApplyLab lab, IReadOnlyDictionary<string, string?> store)
    {
        foreach (var (run, commits, phase, on, off) in new[] { ("r2", 1, "requested", "a", "b"), ("r3", 3, "switch", "b", "a") })
        {
            var request = new ApplyRequest { WorldId = ApplyLab.World, RunId = run, WaitMs = 0, Plan = new ApplyPlan { Activate = { on }, Deactivate = { off } } };
            await Assert.ThrowsAsync<ProcessDiedException>(() => lab.NewProcess(commits).Engine.StartAsync(request, ApplyLab.Operator, grant: null, CancellationToken.None));
            await CheckAsync(lab, phase, phase is "requested" ? off : on);
            await using var process = await Killable.StartAsync(store);
            await EndsAsync(lab, process, run, on, off, ApplyTrail.Straight);
        }
    }

    private static async Task KillAtRandomTimesAsync(ApplyLab lab, IReadOnlyDictionary<string, string?> store)
    {
        var random = new Random(7);
        var process = await Killable.StartAsync(store);
        for (var kill = 0; kill < RandomKills; kill++)
        {
            var (run, on, off) = ($"k{kill}", kill % 2 == 0 ? "a" : "b", kill % 2 == 0 ? "b" : "a");
            var applying = process.ApplyAsync(run, on, off);
            await Task.Delay(random.Next(60));
            await process.DisposeAsync();
            try
            {
                await applying;
            }
            catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
            {
                // Its caller heard nothing; what counts is what was committed.
            }

            await CheckAsync(lab, phase: null, active: null);
            process = await Killable.StartAsync(store);
            await WithinAsync(async () => (await lab.Database.ReadAsync(session => WorldStore.GetAsync(session, ApplyLab.World))).ApplyRunId is null);

            // Whether the first call was recorded or not: asking again has it done, once.
            await EndsAsync(lab, process, run, on, off, ApplyTrail.Straight);
        }

        await process.DisposeAsync();
    }

    /// <summary>The run completes, each of its stages happened once, and whoever asks again hears the same again.</summary>
    private static async Task EndsAsync(ApplyLab lab, Killable process, string run, string on, string off, string[] stages)
    {
        await WithinAsync(async () => await process.ApplyAsync(run, on, off) is "completed");
        var before = await lab.Database.ReadAsync(session => ApplyStore.FindAsync(session, ApplyLab.World, run));
        Assert.Equal("completed", await process.ApplyAsync(run, on, off));
        var after = await lab.Database.ReadAsync(session => ApplyStore.FindAsync(session, ApplyLab.World, run));
        Assert.Equal(JsonSerializer.Serialize(before), JsonSerializer.Serialize(after));
        Assert.Equal(stages, await lab.Database.StagesAsync(ApplyLab.World, run));
        Assert.Equal(Enumerable.Range(1, after!.LastSequence), (await lab.Database.SequencesAsync(ApplyLab.World, run)).Distinct());
        await CheckAsync(lab, "completed", on);
    }

    /// <summary>Frozen as a whole or not at all, open only who is decided, and nothing stored contradicts itself.</summary>
    private static async Task CheckAsync(ApplyLab lab, string? phase, string? active)
    {
        var (world, entries, decided, run) = await lab.Database.ReadAsync(async session => (
            await WorldStore.GetAsync(session, ApplyLab.World),
            await ActivationStore.ListAsync(session, ApplyLab.World),
            await DecisionStore.ActiveAsync(session, ApplyLab.World),
            await ApplyStore.LatestAsync(session, ApplyLab.World)));
        Assert.All(entries, entry => Assert.Equal(world.FrozenBy is not null, entry.Held));
        Assert.All(entries.Where(entry => entry.EffectivelyActive), entry => Assert.Contains(entry.StrategyId, decided));
        var report = await lab.Get<InvariantsHandler>().GetAsync(new GetValidationInvariantsRequest { WorldId = ApplyLab.World }, ApplyLab.Operator, CancellationToken.None);
        Assert.Empty(report.StateViolations);
        if (phase is null) return;
        Assert.Equal((phase, phase is "completed" ? null : run!.RunId), (run!.Machine.Phase.ToToken(), world.ApplyRunId));
        Assert.Equal([active!], decided);
    }

    /// <summary>The processes live by the clock of the machine, and time has passed in them.</summary>
    private static void Follow(ApplyLab lab, TimeSpan ahead) => lab.Clock.Advance(DateTimeOffset.UtcNow + ahead - lab.Clock.GetUtcNow());

    private static async Task AcknowledgeAsync(ApplyLab lab, string run) => await lab.Database.WriteAsync(async unit =>
    {
        var last = (await ApplyStore.FindAsync(unit, ApplyLab.World, run))!.LastSequence;
        await ApplyStore.AcknowledgeAsync(unit, ApplyLab.World, run, "g1", last);
    });

    private static Task UntilAsync(ApplyLab lab, string run, string phase) => WithinAsync(
        async () => (await lab.Database.ReadAsync(session => ApplyStore.FindAsync(session, ApplyLab.World, run)))?.Machine.Phase.ToToken() == phase);

    private static async Task WithinAsync(Func<Task<bool>> holds)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            if (await holds()) return;
            await Task.Delay(50);
        }

        Assert.Fail("It did not come to this within 30 seconds.");
    }

    /// <summary>WorldService in a process of its own, which ends by kill -9 only.</summary>
    private sealed class Killable(ServiceProcess process, HttpClient http) : IAsyncDisposable
    {
        public static async Task<Killable> StartAsync(IReadOnlyDictionary<string, string?> store)
        {
            var (http, grpc) = (ServiceProcess.FreePort(), ServiceProcess.FreePort());
            var address = new Uri($"http://127.0.0.1:{http}");
            var settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["HTTP_PORT"] = $"{http}",
                ["GRPC_PORT"] = $"{grpc}",
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
            };
            foreach (var (key, value) in store) settings[key.Replace(":", "__", StringComparison.Ordinal)] = value!;
            var process = await ServiceProcess.StartAsync(Path.Combine(AppContext.BaseDirectory, "Qmtl.WorldService.dll"), settings, new Uri(address, "/health/ready"));
            return new Killable(process, new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(20) });
        }

        /// <summary>Asks for a run, and says what came back: its phase, or the refusal.</summary>
        public async Task<string> ApplyAsync(string run, string on, string off)
        {
            using var answer = await http.PostAsJsonAsync(
                $"/worlds/{ApplyLab.World}/apply", new { run_id = run, wait_ms = 0, plan = new { activate = new[] { on }, deactivate = new[] { off } } });
            var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
            return body.TryGetProperty("phase", out var phase) ? phase.GetString()! : body.ToString();
        }

        public async ValueTask DisposeAsync()
        {
            await process.KillAsync();
            await process.DisposeAsync();
        }
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteApplyKillTests : ApplyKillTests
{
    private protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult<IReadOnlyDictionary<string, string?>>(
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-kill-").FullName });
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresApplyKillTests : ApplyKillTests
{
    private protected override async Task<IReadOnlyDictionary<string, string?>> StoreAsync() =>
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };
}
