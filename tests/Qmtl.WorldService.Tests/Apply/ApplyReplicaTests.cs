using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Apply;

/// <summary>Two replicas over one Postgres and one Redis, both of which begin, hear, and drive everything.</summary>
public sealed class ApplyReplicaTests
{
    private const string World = "two-replicas";
    private const int Rounds = 6;
    private const int DriversPerReplica = 4;

    [RequiresFact(Needs.Postgres | Needs.Redis)]
    public async Task TwoReplicas_DrivingTheSameRuns_TakeEachStepOnce()
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync(),
            ["ConnectionStrings:redis"] = (await RedisServer.SharedAsync()).ConnectionString,
        };
        await using var first = await WorldHost.StartAsync(settings, realTime: true);
        await using var second = await WorldHost.StartAsync(settings, realTime: true);
        WorldHost[] replicas = [first, second];
        await first.WorldAsync(World, "thresholds: {s: {metric: sharpe, min: 1}}", "a", "b");
        await first.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = World, Strategies = { "a" } }).ResponseAsync.Within();
        await first.Database.WriteAsync(unit => ApplyStore.ObserveAsync(unit, "g1", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddMinutes(30)));

        for (var round = 0; round < Rounds; round++)
        {
            var run = await BeginAsync(replicas, round);
            await DriveAsync(replicas, run);
            Assert.Equal(ApplyTrail.Straight, await first.Database.StagesAsync(World, run));
            var last = (await RunAsync(second, run)).LastSequence;
            Assert.Equal(Enumerable.Range(1, last), await first.Database.SequencesAsync(World, run));
        }

        var runs = await second.Client.ListApplyRunsAsync(new ListApplyRunsRequest { WorldId = World }).ResponseAsync.Within();
        Assert.Equal(Enumerable.Range(1, Rounds).Reverse(), runs.Runs.Select(run => run.Number));
        Assert.True((await first.Services.GetRequiredService<IAuditLog>().VerifyAsync(World)).Intact);
        var stored = await first.Database.ReadAsync(session => ActivationStore.ListAsync(session, World));
        foreach (var replica in replicas) Assert.Equal(stored, await replica.Services.GetRequiredService<ActivationTable>().ListAsync(World, CancellationToken.None));
    }

    /// <summary>Two operators ask both replicas each; one of them gets it, from both.</summary>
    /// <returns>The run that began.</returns>
    private static async Task<string> BeginAsync(WorldHost[] replicas, int round)
    {
        var (on, off) = round % 2 == 0 ? ("b", "a") : ("a", "b");
        string[] asked = [string.Create(CultureInfo.InvariantCulture, $"x{round}"), string.Create(CultureInfo.InvariantCulture, $"y{round}")];
        var answers = await Task.WhenAll(asked.SelectMany(run => replicas.Select(replica => AskAsync(replica, run, on, off))));
        var began = Assert.Single(answers.Where(answer => answer.Refusal.Length == 0).Select(answer => answer.Run).Distinct(StringComparer.Ordinal));
        Assert.All(answers, answer => Assert.Equal(answer.Run == began ? "" : ReasonCodes.ApplyInProgress.Code, answer.Refusal));
        return began;
    }

    private static async Task<(string Run, string Refusal)> AskAsync(WorldHost replica, string run, string on, string off)
    {
        try
        {
            var request = new ApplyRequest { WorldId = World, RunId = run, WaitMs = 0, Plan = new ApplyPlan { Activate = { on }, Deactivate = { off } } };
            var ack = await replica.Client.ApplyAsync(request).ResponseAsync.Within();
            Assert.Contains(ack.Phase, new[] { "requested", "freeze" });
            return (run, "");
        }
        catch (RefusalException refusal)
        {
            return (run, refusal.Code.Code);
        }
    }

    /// <summary>Acknowledgements arrive twice, over both replicas, and everybody looks at once.</summary>
    private static async Task DriveAsync(WorldHost[] replicas, string run)
    {
        for (var attempt = 0; attempt < 300; attempt++)
        {
            var state = await RunAsync(replicas[attempt % 2], run);
            if (state.Phase is "completed") return;
            await Task.WhenAll(replicas.Select(replica => AcknowledgeAsync(replica, run, state.LastSequence)));
            await Task.WhenAll(replicas.SelectMany(replica => Enumerable.Range(0, DriversPerReplica)
                .Select(_ => Task.Run(() => replica.Services.GetRequiredService<ApplyDriver>().AdvanceAsync(World, CancellationToken.None)))));
            await Task.Delay(10);
        }

        Assert.Fail($"Run {run} stays in {(await RunAsync(replicas[0], run)).Phase}.");
    }

    private static async Task AcknowledgeAsync(WorldHost replica, string run, int sequence)
    {
        if (sequence == 0) return;
        var ack = new ActivationAck { Version = 1, WorldId = World, RunId = run, Consumer = "g1", Phase = "any", Sequence = sequence };
        await replica.Services.GetRequiredService<IControlBus>().PublishAsync(ControlEvent.FromJson("activation_ack", "test", Json.Write(ack))).Within();
    }

    private static Task<ApplyRun> RunAsync(WorldHost replica, string run) =>
        replica.Client.GetApplyRunAsync(new GetApplyRunRequest { WorldId = World, RunId = run }).ResponseAsync.Within();
}
