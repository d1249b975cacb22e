using FsCheck;
using FsCheck.Fluent;
using Qmtl.WorldService.Campaigns;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Promotion;

namespace Qmtl.WorldService.Tests.Promotion;

/// <summary>Whether a strategy may go live.</summary>
public sealed class PromotionRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly GovernancePolicy Manual = new(PromotionModes.Manual, TimeSpan.FromHours(6), 2, null, []);

    /// <summary>A strategy that may go live: nothing of it is missing.</summary>
    private static readonly PromotionInputs Ready = new(
        "w",
        "s",
        WorldActive: true,
        AllowLive: true,
        CircuitBreaker: false,
        Manual,
        new PromotionRun("p1", "paper", "pass", ["s", "t"], "sha256:1", Now),
        ["s", "x"],
        new HashSet<string>(StringComparer.Ordinal) { "x" },
        Review.Approved,
        PaperWindowSatisfied: true,
        SampleLacks: [],
        new RiskEvidence("v1", []),
        CrossContextHits: 0,
        LastPromotionAt: Now.AddHours(-6));

    /// <summary>One way for each reason to arise, in the order in which reasons are given.</summary>
    private static readonly (string Reason, Func<PromotionInputs, PromotionInputs> Break)[] Breaks =
    [
        (PromotionReasons.Disabled, inputs => inputs with { Governance = Manual with { Mode = PromotionModes.Disabled } }),
        (PromotionReasons.WorldInactive, inputs => inputs with { WorldActive = false }),
        (PromotionReasons.LiveNotAllowed, inputs => inputs with { AllowLive = false }),
        (PromotionReasons.Circuit, inputs => inputs with { CircuitBreaker = true }),
        (PromotionReasons.AlreadyLive, inputs => inputs with { Live = Set([.. inputs.Live, "s"]) }),
        (PromotionReasons.NotPaperStage, inputs => inputs with { Run = inputs.Run! with { Stage = "backtest" } }),
        (PromotionReasons.ValidationFailed, inputs => inputs with { Run = inputs.Run! with { Status = "fail" } }),
        (PromotionReasons.NotSelected, inputs => inputs with { Run = inputs.Run! with { ActiveSet = ["t"] }, Live = Set([.. inputs.Live.Where(id => id != "s")]) }),
        (PromotionReasons.PaperWindow, inputs => inputs with { PaperWindowSatisfied = false }),
        (CampaignReasons.MissingSampleDays, inputs => inputs with { SampleLacks = [.. inputs.SampleLacks, CampaignReasons.MissingSampleDays] }),
        (CampaignReasons.InsufficientSampleDays, inputs => inputs with { SampleLacks = [.. inputs.SampleLacks, CampaignReasons.InsufficientSampleDays] }),
        (CampaignReasons.MissingTrades, inputs => inputs with { SampleLacks = [.. inputs.SampleLacks, CampaignReasons.MissingTrades] }),
        (CampaignReasons.InsufficientTrades, inputs => inputs with { SampleLacks = [.. inputs.SampleLacks, CampaignReasons.InsufficientTrades] }),
        (PromotionReasons.RiskSnapshot, inputs => inputs with { Risk = RiskEvidence.None }),
        (PromotionReasons.CrossContext, inputs => inputs with { CrossContextHits = 1 }),
        (PromotionReasons.Cooldown, inputs => inputs with { LastPromotionAt = Now.AddHours(-6).AddTicks(1) }),
        (PromotionReasons.Slots, inputs => inputs with { Live = Set([.. inputs.Live, "y"]) }),
        (PromotionReasons.Approval, inputs => inputs with { Review = Review.None }),
    ];

    public static TheoryData<string> Reasons => new(Breaks.Select(item => item.Reason));

    [Fact]
    public void Plan_NothingMissing_IsEligible()
    {
        var verdict = PromotionRules.Plan(Ready, Now);
        Assert.True(verdict.Eligible);
        Assert.Equal(["s", "t", "x"], verdict.Target);
        Assert.Equal(["t"], verdict.Activate);
        Assert.Empty(verdict.Deactivate);
    }

    [Fact]
    public void Plan_EveryReason_HasAWayToArise() => Assert.Equal(PromotionReasons.InOrder, Breaks.Select(item => item.Reason));

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Plan_OneThingMissing_IsBlockedByExactlyThat(string reason)
    {
        var verdict = PromotionRules.Plan(Breaks.Single(item => item.Reason == reason).Break(Ready), Now);
        Assert.Equal([reason], verdict.Blocked);
        Assert.Equal(reason == PromotionReasons.Approval, PromotionRules.AwaitsApproval(verdict.Blocked));
        Assert.Equal(reason is PromotionReasons.Approval or PromotionReasons.ValidationFailed, verdict.BlockedWhenForced.Count == 0);
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Explain_EveryReason_IsASentence(string reason)
    {
        var inputs = Breaks.Single(item => item.Reason == reason).Break(Ready);
        var sentence = PromotionExplanations.Explain(reason, inputs, PromotionRules.Plan(inputs, Now));
        Assert.NotEqual(reason, sentence);
        Assert.EndsWith(".", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_EverythingMissing_SaysAllInOrder()
    {
        // Who is live is selected, so that these two never stand together.
        var broken = Breaks.Where(item => item.Reason != PromotionReasons.AlreadyLive).Aggregate(Ready, (inputs, item) => item.Break(inputs));
        Assert.Equal(PromotionReasons.InOrder.Where(reason => reason != PromotionReasons.AlreadyLive), PromotionRules.Plan(broken, Now).Blocked);
    }

    /// <summary>Any set of defects is reported in full, in order, and nothing beside it.</summary>
    [Fact]
    public void Plan_AnyDefects_AreExactlyTheReasons() => Prop.ForAll<int>(AnyDefects).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static void AnyDefects(int seed)
    {
        var random = new Random(seed);
        var chosen = Breaks.Where(item => item.Reason is not (PromotionReasons.AlreadyLive or PromotionReasons.NotSelected) && random.Next(3) == 0).ToArray();
        var inputs = chosen.OrderBy(_ => random.Next()).Aggregate(Ready, (all, item) => item.Break(all));
        Assert.Equal(chosen.Select(item => item.Reason).Order(StringComparer.Ordinal), PromotionRules.Plan(inputs, Now).Blocked.Order(StringComparer.Ordinal));
        Assert.Equal(PromotionReasons.InOrder.Where(reason => chosen.Any(item => item.Reason == reason)).Except(SampleCodes), PromotionRules.Plan(inputs, Now).Blocked.Except(SampleCodes));
    }

    /// <summary>Whatever mode, review, force and luck: not without evidence of risk, not where live is not allowed, not before the window has passed.</summary>
    [Fact]
    public void Plan_NoPathToLive_WithoutSnapshotPermissionOrWindow() => Prop.ForAll<int>(NoPathToLive).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static void NoPathToLive(int seed)
    {
        var random = new Random(seed);
        string[] modes = [PromotionModes.Disabled, PromotionModes.Manual, PromotionModes.AutoApply];
        var governance = random.Next(4) == 0 ? null : new GovernancePolicy(modes[random.Next(3)], Maybe(TimeSpan.FromHours(1)), Maybe(3), Maybe(random.NextDouble()), []);
        var defect = random.Next(4);
        var inputs = Ready with
        {
            Governance = governance,
            Review = (Review)random.Next(3),
            AllowLive = defect != 0,
            Risk = defect == 1 ? (random.Next(2) == 0 ? RiskEvidence.None : new RiskEvidence("v", ["covariance"])) : Ready.Risk,
            PaperWindowSatisfied = defect != 2,
            CircuitBreaker = defect == 3,
            Live = Set(random.Next(2) == 0 ? [] : ["x"]),
        };
        var verdict = PromotionRules.Plan(inputs, Now);
        Assert.False(verdict.Eligible);
        Assert.NotEmpty(verdict.BlockedWhenForced);
        Assert.NotEmpty(PromotionRules.AutoBlocked(anyRuns: true, inputs, verdict));

        T? Maybe<T>(T value)
            where T : struct => random.Next(2) == 0 ? null : value;
    }

    [Fact]
    public void Plan_WithoutGovernance_PeopleDecide()
    {
        var verdict = PromotionRules.Plan(Ready with { Governance = null, Review = Review.None }, Now);
        Assert.Equal([PromotionReasons.Approval], verdict.Blocked);
        Assert.True(PromotionRules.AwaitsApproval(verdict.Blocked));
    }

    [Fact]
    public void Plan_Slots_CountAllThatAreLive()
    {
        // The run's own set is small; the world's live strategies still take up the slots.
        var inputs = Ready with { Run = Ready.Run! with { ActiveSet = ["s"] }, Live = Set(["x", "y"]), Decisions = ["s", "x"] };
        Assert.Equal([PromotionReasons.Slots], PromotionRules.Plan(inputs, Now).Blocked);
        Assert.True(PromotionRules.Plan(inputs with { Governance = Manual with { MaxLiveSlots = 3 } }, Now).Eligible);
        Assert.Equal([PromotionReasons.Slots], PromotionRules.Plan(inputs with { Governance = Manual with { MaxLiveSlots = 0 }, Live = Set([]) }, Now).Blocked);
    }

    [Fact]
    public void Plan_Cooldown_EndsOnTheTick()
    {
        var blocked = PromotionRules.Plan(Ready with { LastPromotionAt = Now.AddHours(-5) }, Now);
        Assert.Equal(TimeSpan.FromHours(1), blocked.CooldownRemaining);
        Assert.True(PromotionRules.Plan(Ready with { LastPromotionAt = Now.AddHours(-5) }, Now.AddHours(1)).Eligible);
    }

    [Fact]
    public void Plan_TakesNobodyOutOfLive()
    {
        var verdict = PromotionRules.Plan(Ready with { Decisions = ["s", "x", "z"], Live = Set(["x"]) }, Now);
        Assert.Equal(["z"], verdict.Deactivate);
        Assert.Contains("x", verdict.Target);
    }

    [Theory]
    [InlineData(nameof(Review.None), true)]
    [InlineData(nameof(Review.Approved), true)]
    [InlineData(nameof(Review.Rejected), false)]
    public void Plan_AutoApply_YieldsOnlyToARejection(string review, bool eligible)
    {
        var inputs = Ready with { Governance = Manual with { Mode = PromotionModes.AutoApply }, Review = Enum.Parse<Review>(review) };
        Assert.Equal(eligible, PromotionRules.Plan(inputs, Now).Eligible);
    }

    [Fact]
    public void AutoBlocked_EachOfItsOwnReasons()
    {
        var auto = Ready with { Governance = Manual with { Mode = PromotionModes.AutoApply } };
        Assert.Equal([PromotionReasons.NoRuns], PromotionRules.AutoBlocked(anyRuns: false, null, null));
        Assert.Equal([PromotionReasons.NoPaperRuns], PromotionRules.AutoBlocked(anyRuns: true, null, null));
        Assert.Equal([PromotionReasons.NotAutoApply], Auto(Ready));
        Assert.Equal([PromotionReasons.MissingSource], Auto(auto with { Run = auto.Run! with { DatasetFingerprint = null } }));
        Assert.Equal([PromotionReasons.CanarySkipped], Auto(auto with { Governance = auto.Governance! with { CanaryFraction = 0 } }));
        Assert.Equal([PromotionReasons.PaperWindow], Auto(auto with { PaperWindowSatisfied = false, Governance = auto.Governance! with { CanaryFraction = 0 } }));
        Assert.Empty(Auto(auto));

        static IReadOnlyList<string> Auto(PromotionInputs inputs) => PromotionRules.AutoBlocked(anyRuns: true, inputs, PromotionRules.Plan(inputs, Now));
    }

    /// <summary>printf 'w:s:p1' | sha256sum, first 16 hex digits over 2^64.</summary>
    [Theory]
    [InlineData("w", "s", "p1", 0.22945282037097234)]
    [InlineData("world", "strategy", "run", 0.059108629327565346)]
    public void CanaryScore_IsTheFirstEightBytesOfTheHash(string world, string strategy, string run, double score)
    {
        Assert.Equal(score, PromotionRules.CanaryScore(world, strategy, run), 12);
        Assert.True(PromotionRules.InCanary(world, strategy, run, score + 1e-9));
        Assert.False(PromotionRules.InCanary(world, strategy, run, score - 1e-9));
        Assert.True(PromotionRules.InCanary(world, strategy, run, 1));
        Assert.False(PromotionRules.InCanary(world, strategy, run, 0));
    }

    private static IEnumerable<string> SampleCodes =>
        [CampaignReasons.MissingSampleDays, CampaignReasons.InsufficientSampleDays, CampaignReasons.MissingTrades, CampaignReasons.InsufficientTrades];

    private static HashSet<string> Set(IEnumerable<string> ids) => new(ids, StringComparer.Ordinal);
}
