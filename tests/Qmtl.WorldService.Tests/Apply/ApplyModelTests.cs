using System.Globalization;
using System.Text.Json;
using Qmtl.Identity;
using Qmtl.Messaging.Events;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Tests.Apply;

/// <summary>
/// Two operators, three observers, and processes that die between any two commits, in random order. After every step the invariants
/// of an apply are checked against what the database says.
/// </summary>
public abstract class ApplyModelTests
{
    private protected abstract int Sequences { get; }

    /// <summary>What so many sequences come across.</summary>
    private protected abstract IReadOnlyList<string> MustSee { get; }

    private protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task AnyOrderOfEvents_KeepsTheInvariants()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < Sequences; seed++)
        {
            await using var lab = await ApplyLab.StartAsync(await StoreAsync());
            var model = new Model(lab, new Random(seed));
            for (var step = 0; step < 30; step++)
            {
                var action = await model.StepAsync();
                try
                {
                    await model.CheckAsync();
                }
                catch (Exception problem)
                {
                    throw new InvalidOperationException($"Seed {seed}, step {step}, after {action}: {string.Join(" | ", model.Trace)}", problem);
                }
            }

            await model.SettleAsync();
            seen.UnionWith(model.Seen);
        }

        // A walk that never gets anywhere would keep every invariant.
        Assert.Empty(MustSee.Except(seen, StringComparer.Ordinal));
    }

    /// <summary>Every place at which a process can die, with every kind of observer; the next process ends what it finds.</summary>
    [ConformanceFact]
    public async Task EveryFailurePointWithEveryObserver_EndsAsOldOrNewSet()
    {
        foreach (var observer in new[] { "none", "prompt", "silent", "leaves", "expires", "joins_late" })
        {
            for (var commits = 0; commits <= 6; commits++)
            {
                await using var lab = await ApplyLab.StartAsync(await StoreAsync());
                var model = new Model(lab, new Random(commits));
                if (observer is not ("none" or "joins_late")) await model.JoinAsync("g1");
                await model.ApplyAsync("r1", ["b"], ["a"], gating: null, diesAfter: commits);
                await model.CheckAsync();
                for (var round = 0; round < 8; round++)
                {
                    if (observer is "joins_late" && round == 0) await model.JoinAsync("g1");
                    if (observer is "prompt" or "joins_late") await model.AcknowledgeAsync("g1", "r1");
                    if (observer is "leaves" && round == 1) await model.LeaveAsync("g1");
                    if (observer is "expires") lab.Clock.Advance(TimeSpan.FromSeconds(11));
                    if (observer is "silent")
                    {
                        lab.Clock.Advance(TimeSpan.FromSeconds(11));
                        await model.JoinAsync("g1");
                    }

                    await model.AdvanceAsync(null);
                    await model.CheckAsync();
                }

                var phase = await model.PhaseAsync("r1");
                Assert.Equal((observer, commits, commits == 0 ? "" : observer is "silent" ? "rolled_back" : "completed"), (observer, commits, phase));
                await model.SettleAsync();
            }
        }
    }

    /// <summary>Whatever had been done when the owner took <c>allow_live</c> away: nothing is live in the end, and no way leads there.</summary>
    [ConformanceFact]
    public async Task AllowLiveWithdrawn_AfterAnyCommit_LeavesNothingOpenToLive()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        foreach (var observed in new[] { false, true })
        {
            for (var commits = 1; commits <= 6; commits++)
            {
                await using var lab = await ApplyLab.StartAsync(await StoreAsync());
                var model = new Model(lab, new Random(commits));
                if (observed) await model.JoinAsync("g1");
                await model.ApplyAsync("r1", ["a"], [], Model.Live(), diesAfter: commits);
                if (observed && commits > 2)
                {
                    await model.AcknowledgeAsync("g1", "r1");
                    await model.AdvanceAsync(commits - 2);
                }

                var withdrawnAt = await model.PhaseAsync("r1");
                reached.Add(withdrawnAt);
                await lab.Get<WorldsHandler>().UpdateAsync(new UpdateWorldRequest { WorldId = ApplyLab.World, AllowLive = false }, ApplyLab.Operator, CancellationToken.None);
                for (var round = 0; round < 4; round++)
                {
                    await model.CheckAsync();
                    if (observed) await model.AcknowledgeAsync("g1", "r1");
                    await model.AdvanceAsync(null);
                }

                // Nor does the run say that it did what it was asked for.
                var ack = (await lab.Database.ReadAsync(session => ApplyStore.FindAsync(session, ApplyLab.World, "r1")))!.ToAck([]);
                Assert.Contains(ack.Phase, new[] { "completed", "rolled_back" });
                Assert.Equal(withdrawnAt is "completed" ? "" : ReasonCodes.LiveDisabled.Code, ack.Reason);
                Assert.Equal(withdrawnAt is "completed", ack.Ok);
                await model.SettleAsync();
            }
        }

        // Also between the switch and the opening of the edges, where nobody has acted yet on what was decided.
        Assert.Subset(reached, new HashSet<string>(StringComparer.Ordinal) { "requested", "freeze", "switch", "unfreeze", "completed" });
    }

    private sealed class Model(ApplyLab lab, Random random)
    {
        private static readonly string[] Strategies = ["a", "b", "c"];
        private static readonly string[] Consumers = ["g1", "g2", "g3"];
        private static readonly string[] RunIds = ["r1", "r2", "r3", "r4"];

        private readonly Dictionary<string, string> _ended = new(StringComparer.Ordinal);
        private readonly Dictionary<(string Run, string Consumer), int> _acks = [];
        private readonly HashSet<string> _switched = new(StringComparer.Ordinal);

        public List<string> Trace { get; } = [];

        /// <summary>Phases, reasons and live stages that came up.</summary>
        public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

        public async Task<string> StepAsync()
        {
            var action = await DoAsync(random.Next(12));
            Trace.Add(action);
            return action;
        }

        public async Task ApplyAsync(string run, string[] activate, string[] deactivate, GatingPolicy? gating, int? diesAfter) => await TryAsync(async () =>
        {
            var request = new ApplyRequest { WorldId = ApplyLab.World, RunId = run, WaitMs = 0, Plan = new ApplyPlan { Activate = { activate }, Deactivate = { deactivate } }, GatingPolicy = gating };
            await lab.NewProcess(diesAfter).Engine.StartAsync(request, ApplyLab.Operator, gating is null ? null : new LiveGrant(activate[0], "", Forced: false), CancellationToken.None);
        });

        public Task AdvanceAsync(int? diesAfter) => TryAsync(() => lab.NewProcess(diesAfter).Driver.AdvanceAsync(ApplyLab.World, CancellationToken.None));

        public Task JoinAsync(string consumer, int seconds = 30) => lab.Database.WriteAsync(unit => ApplyStore.ObserveAsync(unit, consumer, unit.Now, unit.Now.AddSeconds(seconds)));

        public Task LeaveAsync(string consumer) => lab.Database.WriteAsync(unit => ApplyStore.LeaveAsync(unit, consumer));

        public async Task AcknowledgeAsync(string consumer, string run, int behind = 0)
        {
            var found = await lab.Database.ReadAsync(session => ApplyStore.FindAsync(session, ApplyLab.World, run));
            var number = (found?.LastSequence ?? 0) - behind;
            if (number < 1) return;
            await lab.Database.WriteAsync(unit => ApplyStore.AcknowledgeAsync(unit, ApplyLab.World, run, consumer, number));
            _acks[(run, consumer)] = Math.Max(number, _acks.GetValueOrDefault((run, consumer)));
        }

        public async Task<string> PhaseAsync(string run) =>
            (await lab.Database.ReadAsync(session => ApplyStore.FindAsync(session, ApplyLab.World, run)))?.Machine.Phase.ToToken() ?? "";

        /// <summary>When everybody is gone and time goes on, nothing stays in progress, and the history is whole.</summary>
        public async Task SettleAsync()
        {
            foreach (var consumer in Consumers) await LeaveAsync(consumer);
            await AdvanceAsync(null);
            await CheckAsync();
            Assert.Null((await lab.Database.ReadAsync(session => WorldStore.GetAsync(session, ApplyLab.World))).ApplyRunId);
            Assert.True((await lab.Get<IAuditLog>().VerifyAsync(ApplyLab.World)).Intact);
        }

        /// <summary>Everything that must hold whatever happened.</summary>
        public async Task CheckAsync()
        {
            var (world, runs, entries, active, stages, edges) = await lab.Database.ReadAsync(async session => (
                await WorldStore.GetAsync(session, ApplyLab.World),
                await ApplyStore.ListAsync(session, ApplyLab.World, 0, 100),
                await ActivationStore.ListAsync(session, ApplyLab.World),
                await DecisionStore.ActiveAsync(session, ApplyLab.World),
                await StageStore.ListAsync(session, ApplyLab.World),
                await EdgeStore.ListAsync(session, ApplyLab.World)));

            // One run at a time, and the world says which.
            Assert.Equal(world.ApplyRunId is null ? [] : [world.ApplyRunId], runs.Where(run => !run.Machine.Phase.IsTerminal()).Select(run => run.RunId));

            // Frozen as a whole or not at all; open only who is decided.
            Assert.All(entries, entry => Assert.Equal(world.FrozenBy is not null, entry.Held));
            Assert.All(entries.Where(entry => entry.EffectivelyActive), entry => Assert.Contains(entry.StrategyId, active));
            if (runs.FirstOrDefault(run => run.RunId == world.ApplyRunId) is { Machine.Phase: ApplyPhase.Freeze or ApplyPhase.Switch } closed) Assert.Equal(closed.RunId, world.FrozenBy);

            // Live only who was granted it, and only while the world allows it.
            Assert.All(stages.Where(row => row.Stage is StageNames.Live), row => Assert.Equal(("a", true), (row.StrategyId, world.AllowLive)));
            Assert.All(entries.Where(entry => entry.EffectiveMode is "live"), entry => Assert.Equal(("a", true), (entry.StrategyId, world.AllowLive)));

            // And no way leads there where it may not.
            Assert.All(edges.Where(edge => edge.Active && EdgeStore.LeadsToLive(edge.Dst)), _ => Assert.True(world.AllowLive));
            Seen.UnionWith(edges.Where(edge => edge.Active && EdgeStore.LeadsToLive(edge.Dst)).Select(_ => "edge to live"));

            Seen.UnionWith(stages.Where(row => row.Stage is StageNames.Live).Select(row => row.StrategyId + " live"));
            foreach (var run in runs)
            {
                Seen.UnionWith([run.Machine.Phase.ToToken(), run.Machine.Reason]);
                await CheckSwitchAsync(run);
                var state = JsonSerializer.Serialize(run);
                if (_ended.TryGetValue(run.RunId, out var before)) Assert.Equal(before, state);
                if (run.Machine.Phase.IsTerminal()) _ended[run.RunId] = state;
            }

            await CheckNumbersAsync(runs);
        }

        /// <summary>No switch while an observer that counts had not confirmed the freeze.</summary>
        private async Task CheckSwitchAsync(ApplyRunState run)
        {
            if (run.History.FirstOrDefault(reached => reached.Phase is "switch") is not { } switched || !_switched.Add(run.RunId)) return;
            var frozen = run.History.First(reached => reached.Phase is "freeze");
            var last = 1 + run.Snapshot.Count;
            foreach (var observer in await lab.Database.ReadAsync(session => ApplyStore.ObserversAsync(session, ApplyLab.World, run.RunId)))
            {
                if (observer.JoinedAt > frozen.At || observer.ExpiresAt <= switched.At) continue;
                Assert.True(_acks.GetValueOrDefault((run.RunId, observer.Consumer)) >= last, $"{observer.Consumer} had not acknowledged {last} of {run.RunId}");
            }
        }

        /// <summary>Numbers of a run have no gaps, and come in order the first time.</summary>
        private async Task CheckNumbersAsync(IReadOnlyList<ApplyRunState> runs)
        {
            var payloads = await lab.Database.QueryAsync<byte[]>("SELECT payload FROM bus_log WHERE topic = 'activation' ORDER BY log_offset");
            var updates = payloads.Select(payload => Json.Read<ActivationUpdated>(CloudEventEnvelope.Parse(payload).Data.ToJsonString())).Where(update => update.Sequence is not null).ToLookup(update => update.RunId, StringComparer.Ordinal);
            foreach (var run in runs)
            {
                Assert.Equal(Enumerable.Range(1, run.LastSequence), updates[run.RunId].Select(update => update.Sequence!.Value).Distinct());
                Assert.All(updates[run.RunId].Where(update => update.Phase is "freeze"), update => Assert.Equal((false, true), (update.Active, update.Freeze)));
            }
        }

        private async Task<string> DoAsync(int kind)
        {
            var run = Pick(RunIds);
            int? dies = random.Next(3) == 0 ? random.Next(6) : null;
            switch (kind)
            {
                case 0 or 1:
                    var (on, off) = (Pick(Strategies), Pick(Strategies));
                    await ApplyAsync(run, [on], [off], gating: null, dies);
                    return $"apply {run} +{on} -{off} dies {dies}";
                case 2:
                    var live = Pick(Strategies);
                    await ApplyAsync(run, [live], [], Live(), dies);
                    return $"live {run} {live} dies {dies}";
                case 3:
                    var target = Pick(RunIds);
                    await TryAsync(() => lab.NewProcess(dies).Engine.RollbackAsync(new RollbackRequest { WorldId = ApplyLab.World, RunId = "back-" + run, TargetRunId = target, WaitMs = 0 }, ApplyLab.Operator, CancellationToken.None));
                    return $"rollback {target} as back-{run} dies {dies}";
                case 4 or 5:
                    var (consumer, behind) = (Pick(Consumers), random.Next(3));
                    var world = await lab.Database.ReadAsync(session => WorldStore.GetAsync(session, ApplyLab.World));
                    await AcknowledgeAsync(consumer, random.Next(4) > 0 && world.ApplyRunId is { } current ? current : run, behind);
                    await AdvanceAsync(dies);
                    return $"ack {consumer} behind {behind} dies {dies}";
                case 6:
                    await JoinAsync(Pick(Consumers), Pick([30, 300]));
                    return "join";
                case 7:
                    await LeaveAsync(Pick(Consumers));
                    return "leave";
                case 8 or 9:
                    var seconds = Pick([1, 11, 31]);
                    lab.Clock.Advance(TimeSpan.FromSeconds(seconds));
                    await AdvanceAsync(dies);
                    return string.Create(CultureInfo.InvariantCulture, $"wait {seconds} dies {dies}");
                case 10:
                    var allow = random.Next(3) > 0;
                    await TryAsync(() => lab.Get<WorldsHandler>().UpdateAsync(new UpdateWorldRequest { WorldId = ApplyLab.World, AllowLive = allow }, ApplyLab.Operator, CancellationToken.None));
                    return $"allow_live {allow}";
                default:
                    var strategy = Pick(Strategies);
                    await TryAsync(() => lab.Get<ActivationHandler>().PutAsync(
                        new PutActivationRequest { WorldId = ApplyLab.World, StrategyId = strategy, Side = "long", Active = false, Freeze = random.Next(2) == 0 }, ApplyLab.Operator, CancellationToken.None));
                    return $"put {strategy}";
            }
        }

        private T Pick<T>(T[] from) => from[random.Next(from.Length)];

        /// <summary>Refusals are answers; a process that died said nothing.</summary>
        private static async Task TryAsync(Func<Task> work)
        {
            try
            {
                await work();
            }
            catch (Exception error) when (error is RefusalException or ProcessDiedException)
            {
                // What it left behind is what the invariants are about.
            }
        }

        public static GatingPolicy Live() => new()
        {
            DatasetFingerprint = "sha256:1",
            SharePolicy = "feature-artifacts-only",
            Snapshot = new GatingSnapshot { StrategyPlane = "cow", FeaturePlane = "readonly" },
            Edges = new GatingEdges { PrePromotion = new PrePromotionEdges { DisableEdgesTo = "live" }, PostPromotion = new PostPromotionEdges { EnableEdgesTo = "live" } },
            Observability = new GatingObservability { Slo = new GatingSlo { CrossContextCacheHit = 0 } },
        };
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteApplyModelTests : ApplyModelTests
{
    private protected override int Sequences => 20;

    private protected override IReadOnlyList<string> MustSee => ["freeze", "unfreeze", "completed", "rolled_back", "a live", "edge to live", "E_FREEZE_TIMEOUT", "E_APPLY_ABORTED"];

    private protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult<IReadOnlyDictionary<string, string?>>(new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-apply-").FullName,
        ["Storage:Fsync"] = "false",
    });
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresApplyModelTests : ApplyModelTests
{
    private protected override int Sequences => 5;

    private protected override IReadOnlyList<string> MustSee => ["freeze", "completed", "rolled_back"];

    private protected override async Task<IReadOnlyDictionary<string, string?>> StoreAsync() =>
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };
}
