using System.Net.Http.Json;
using System.Text.Json;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Tests.Apply;

/// <summary>A real process, killed in the middle of an apply: the next one ends what it finds, and nothing is ever half open.</summary>
public sealed class ApplyKillTests
{
    private const int RandomKills = 5;

    [Fact]
    public async Task Kill9_InEveryStageAndAtRandomTimes_TheNextProcessEndsTheRun()
    {
        var directory = Directory.CreateTempSubdirectory("qmtl-kill-").FullName;
        await using var lab = await ApplyLab.StartAsync(new Dictionary<string, string?>(StringComparer.Ordinal) { ["Storage:Directory"] = directory });
        await lab.Database.WriteAsync(unit => ApplyStore.ObserveAsync(unit, "g1", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddMinutes(10)));

        // A silent observer keeps the run in its freeze, whoever runs it.
        var process = await StartAsync(directory);
        Assert.Equal("freeze", await ApplyAsync(process.Http, "r1", ["b"], ["a"]));
        await process.KillAsync();
        await CheckAsync(lab, "freeze");

        process = await StartAsync(directory);
        await AcknowledgeAsync(lab, "r1");
        await UntilAsync(lab, "r1", "unfreeze");
        await process.KillAsync();
        await CheckAsync(lab, "unfreeze");

        process = await StartAsync(directory);
        await AcknowledgeAsync(lab, "r1");
        await UntilAsync(lab, "r1", "completed");
        await lab.Database.WriteAsync(unit => ApplyStore.LeaveAsync(unit, "g1"));

        // Between two commits there is no stage to rest in: only chance finds those moments.
        var random = new Random(7);
        for (var kill = 0; kill < RandomKills; kill++)
        {
            var (on, off) = kill % 2 == 0 ? ("a", "b") : ("b", "a");
            var applying = ApplyAsync(process.Http, $"k{kill}", [on], [off]);
            await Task.Delay(random.Next(60));
            await process.KillAsync();
            try
            {
                await applying;
            }
            catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
            {
                // Its caller heard nothing; what counts is what was committed.
            }

            await CheckAsync(lab, null);
            process = await StartAsync(directory);
            await WithinAsync(async () => (await WorldAsync(lab)).ApplyRunId is null);
            await CheckAsync(lab, null);
        }

        await process.KillAsync();
        Assert.True((await lab.Get<IAuditLog>().VerifyAsync(ApplyLab.World)).Intact);
    }

    private static async Task CheckAsync(ApplyLab lab, string? phase)
    {
        var (world, entries, active, run) = await lab.Database.ReadAsync(async session => (
            await WorldStore.GetAsync(session, ApplyLab.World),
            await ActivationStore.ListAsync(session, ApplyLab.World),
            await DecisionStore.ActiveAsync(session, ApplyLab.World),
            await ApplyStore.LatestAsync(session, ApplyLab.World)));
        Assert.All(entries, entry => Assert.Equal(world.FrozenBy is not null, entry.Held));
        Assert.All(entries.Where(entry => entry.EffectivelyActive), entry => Assert.Contains(entry.StrategyId, active));
        if (phase is null) return;
        Assert.Equal((phase, world.ApplyRunId), (run!.Machine.Phase.ToToken(), run.RunId));
        Assert.Equal(phase is "freeze" ? "a" : "b", string.Join(',', active));
    }

    private static async Task AcknowledgeAsync(ApplyLab lab, string run) => await lab.Database.WriteAsync(async unit =>
    {
        var last = (await ApplyStore.FindAsync(unit, ApplyLab.World, run))!.LastSequence;
        await ApplyStore.AcknowledgeAsync(unit, ApplyLab.World, run, "g1", last);
    });

    private static Task<WorldRow> WorldAsync(ApplyLab lab) => lab.Database.ReadAsync(session => WorldStore.GetAsync(session, ApplyLab.World));

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

    private static async Task<string> ApplyAsync(HttpClient http, string run, string[] activate, string[] deactivate)
    {
        using var answer = await http.PostAsJsonAsync($"/worlds/{ApplyLab.World}/apply", new { run_id = run, wait_ms = 0, plan = new { activate, deactivate } });
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return body.TryGetProperty("phase", out var phase) ? phase.GetString()! : body.ToString();
    }

    private static async Task<Killable> StartAsync(string directory)
    {
        var (http, grpc) = (ServiceProcess.FreePort(), ServiceProcess.FreePort());
        var address = new Uri($"http://127.0.0.1:{http}");
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Storage__Directory"] = directory,
            ["HTTP_PORT"] = $"{http}",
            ["GRPC_PORT"] = $"{grpc}",
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["WorldService__EnforceRoles"] = "false",
        };
        var process = await ServiceProcess.StartAsync(Path.Combine(AppContext.BaseDirectory, "Qmtl.WorldService.dll"), settings, new Uri(address, "/health/ready"));
        return new Killable(process, new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(20) });
    }

    private sealed record Killable(ServiceProcess Process, HttpClient Http)
    {
        public async Task KillAsync()
        {
            await Process.KillAsync();
            await Process.DisposeAsync();
        }
    }
}
