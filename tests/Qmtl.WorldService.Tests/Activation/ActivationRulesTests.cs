using FsCheck;
using FsCheck.Fluent;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Tests.Activation;

public sealed class ActivationRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] AllStages = [StageNames.Backtest, StageNames.Paper, StageNames.Live];

    [Theory]
    [InlineData("live", "backtest", null, "compute-only")]
    [InlineData("live", "paper", null, "paper")]
    [InlineData("live", "live", null, "live")]
    [InlineData("paper", "live", null, "paper")]
    [InlineData("compute-only", "live", null, "compute-only")]
    [InlineData("validate", "live", null, "validate")]
    [InlineData("live", "live", "paper", "paper")]
    [InlineData("live", "paper", "live", "paper")]
    [InlineData("live", "live", "validate", "validate")]
    [InlineData("live", "live", "shadow", "shadow")]
    [InlineData("validate", "live", "shadow", "validate")]
    [InlineData("shadow", "backtest", null, "shadow")]
    [InlineData("shadow", "live", "live", "shadow")]
    [InlineData("shadow", "live", "compute-only", "compute-only")]
    [InlineData("live", "unheard of", null, "compute-only")]
    public void Of_IsTheLowestOfWorldStageAndLimit(string decided, string stage, string? limit, string expected) =>
        Assert.Equal(expected, EntryModes.Of(ExecutionModes.ParseMode(decided)!.Value, stage, ExecutionModes.ParseMode(limit)).ToToken());

    [Fact]
    public void Of_ReachesTheBrokerOnlyWhereWorldAndStageAreLive()
    {
        foreach (var decided in Enum.GetValues<EffectiveMode>())
        {
            foreach (var stage in AllStages)
            {
                foreach (var limit in Enum.GetValues<EffectiveMode>().Select(mode => (EffectiveMode?)mode).Append(null))
                {
                    var live = ExecutionModes.Map(EntryModes.Of(decided, stage, limit)).Route == OrderRoute.Broker;
                    Assert.Equal(decided == EffectiveMode.Live && stage is StageNames.Live && (limit is null or EffectiveMode.Live), live);
                }
            }
        }
    }

    [Fact]
    public void Follow_EveryEntryAfterwardsHasTheModeOfItsStage_AndNothingElseChanges() => Prop.ForAll(
        Changes(),
        change =>
        {
            var after = Apply(change);
            foreach (var entry in after)
            {
                Assert.Equal(EntryModes.Of(change.Mode, change.StageOf(entry.StrategyId), ExecutionModes.ParseMode(entry.ModeLimit)).ToToken(), entry.EffectiveMode);
                if (!change.Before.Contains(entry.StrategyId) && !change.After.Contains(entry.StrategyId)) continue;
                Assert.True(change.After.Contains(entry.StrategyId) || !entry.Active);
            }

            if (change.Broken) Assert.All(after, entry => Assert.True(entry is { Freeze: true, Drain: true, EffectivelyActive: false }));
            foreach (var entry in change.Entries)
            {
                var next = after.Single(other => other.StrategyId == entry.StrategyId && other.Side == entry.Side);
                Assert.Equal((entry.Weight, entry.ModeLimit), (next.Weight, next.ModeLimit));
                Assert.InRange(next.EntryVersion - entry.EntryVersion, 0, 1);
                Assert.Equal(entry.Freeze || change.Broken, next.Freeze);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Follow_Again_ChangesNothing() => Prop.ForAll(
        Changes(),
        change => Assert.Empty(ActivationRules.Follow(change with { Entries = Apply(change), Before = change.After }))).QuickCheckThrowOnFailure();

    [Fact]
    public void Put_WhileTheCircuitIsTripped_ClosesFurtherButNeverOpens()
    {
        var grant = new ActivationGrant(EffectiveMode.Validate, StageNames.Live, AllowLive: true, Broken: true);
        var closed = ActivationRules.Put(null, new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = false }, grant, Now);
        Assert.Equal((false, true, true), (closed.Active, closed.Freeze, closed.Drain));
        foreach (var request in new[] { new PutActivationRequest { Side = "long", Freeze = false }, new PutActivationRequest { Side = "long", Freeze = true, Drain = false } })
        {
            Assert.Equal("E_CIRCUIT_BREAKER", Assert.Throws<RefusalException>(() => ActivationRules.Put(null, request, grant, Now)).Code.Code);
        }
    }

    [Fact]
    public void Put_LiveAboveTheStage_IsRefusedWithTheStage()
    {
        var request = new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true, EffectiveMode = "live" };
        var paper = new ActivationGrant(EffectiveMode.Live, StageNames.Paper, AllowLive: true, Broken: false);
        var refusal = Assert.Throws<RefusalException>(() => ActivationRules.Put(null, request, paper, Now));
        Assert.Equal(("E_STAGE_TOO_LOW", "/effective_mode"), (refusal.Code.Code, Assert.Single(refusal.Errors).Pointer));
        Assert.Equal("E_LIVE_DISABLED", Assert.Throws<RefusalException>(() => ActivationRules.Put(null, request, paper with { Stage = StageNames.Live, AllowLive = false }, Now)).Code.Code);
        Assert.Equal("live", ActivationRules.Put(null, request, paper with { Stage = StageNames.Live }, Now).EffectiveMode);
    }

    [Fact]
    public void Put_ALimit_StandsUntilItIsLifted()
    {
        var grant = new ActivationGrant(EffectiveMode.Live, StageNames.Live, AllowLive: true, Broken: false);
        var limited = ActivationRules.Put(null, new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true, EffectiveMode = "sim" }, grant, Now);
        Assert.Equal(("paper", "paper"), (limited.EffectiveMode, limited.ModeLimit));
        var stages = new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = StageNames.Live };
        var set = new HashSet<string>(["a"], StringComparer.Ordinal);
        var down = Apply(new ActivationChange("w", [limited], set, set, new Dictionary<string, IReadOnlyList<string>>(), stages, EffectiveMode.ComputeOnly, Broken: false, null, Now));
        Assert.Equal("compute-only", Assert.Single(down).EffectiveMode);
        var up = Apply(new ActivationChange("w", down, set, set, new Dictionary<string, IReadOnlyList<string>>(), stages, EffectiveMode.Live, Broken: false, null, Now));
        Assert.Equal("paper", Assert.Single(up).EffectiveMode);
        var lifted = ActivationRules.Put(up[0], new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true }, grant, Now);
        Assert.Equal(("live", null), (lifted.EffectiveMode, lifted.ModeLimit));
    }

    private static List<ActivationEntry> Apply(ActivationChange change)
    {
        var entries = change.Entries.ToDictionary(entry => (entry.StrategyId, entry.Side));
        foreach (var entry in ActivationRules.Follow(change)) entries[(entry.StrategyId, entry.Side)] = entry;
        return [.. entries.Values];
    }

    private static Arbitrary<ActivationChange> Changes()
    {
        string[] strategies = ["a", "b", "c", "d"];
        var set = Gen.SubListOf(strategies).Select(list => (IReadOnlySet<string>)list.ToHashSet(StringComparer.Ordinal));
        var mode = Gen.Elements(Enum.GetValues<EffectiveMode>());
        var flag = Gen.Elements(true, false);
        var entry =
            from strategy in Gen.Elements(strategies)
            from side in Gen.Elements(ActivationRules.Sides)
            from active in flag
            from freeze in flag
            from drain in flag
            from current in mode
            from limit in Gen.Elements(Enum.GetValues<EffectiveMode>().Select(one => one.ToToken()).Append(null).ToArray())
            select new ActivationEntry { WorldId = "w", StrategyId = strategy, Side = side, Active = active, Freeze = freeze, Drain = drain, Weight = 0.5, EffectiveMode = current.ToToken(), ModeLimit = limit, EntryVersion = 3 };
        var changes =
            from entries in entry.ListOf()
            from before in set
            from after in set
            from decided in mode
            from broken in flag
            from stages in Gen.CollectToArray(strategies, _ => Gen.Elements(AllStages))
            select new ActivationChange(
                "w",
                [.. entries.DistinctBy(one => (one.StrategyId, one.Side))],
                before,
                after,
                new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["b"] = ["short"], ["c"] = ["long", "short"] },
                strategies.Zip(stages).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal),
                decided,
                broken,
                "r",
                Now);
        return changes.ToArbitrary();
    }
}
