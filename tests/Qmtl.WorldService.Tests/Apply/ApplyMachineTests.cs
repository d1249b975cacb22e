using Qmtl.Identity;
using Qmtl.WorldService.Apply;

namespace Qmtl.WorldService.Tests.Apply;

public sealed class ApplyMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, bool, int, string, string> Steps => new()
    {
        // phase, acknowledged, seconds since it was reached -> phase, effect
        { "requested", false, 0, "freeze", "Freeze" },
        { "freeze", false, 29, "freeze", "None" },
        { "freeze", true, 29, "switch", "Switch" },
        { "freeze", false, 30, "rolled_back", "RollBack" },
        { "freeze", true, 31, "switch", "Switch" },
        { "switch", false, 0, "unfreeze", "Unfreeze" },
        { "unfreeze", false, 29, "unfreeze", "None" },
        { "unfreeze", true, 0, "completed", "Complete" },
        { "unfreeze", false, 30, "unfreeze_pending", "Repeat" },
        { "unfreeze_pending", true, 0, "completed", "Complete" },
        { "completed", true, 100, "completed", "None" },
        { "rolled_back", true, 100, "rolled_back", "None" },
    };

    [Theory]
    [MemberData(nameof(Steps))]
    public void Next_Look_GoesOnlyWhereTheDiagramSays(string phase, bool acknowledged, int seconds, string expected, string effect)
    {
        var (state, did) = ApplyMachine.Next(At(phase), new ApplyInput.Look(acknowledged), Start.AddSeconds(seconds));
        Assert.Equal((expected, effect), (state.Phase.ToToken(), did.ToString()));
    }

    [Theory]
    [InlineData("requested")]
    [InlineData("freeze")]
    [InlineData("switch")]
    [InlineData("unfreeze")]
    [InlineData("unfreeze_pending")]
    public void Next_Abort_EndsEveryRunInProgress(string phase)
    {
        var (state, effect) = ApplyMachine.Next(At(phase), new ApplyInput.Abort(), Start);
        Assert.Equal((ApplyPhase.RolledBack, ApplyEffect.RollBack, ReasonCodes.ApplyAborted.Code), (state.Phase, effect, state.Reason));
    }

    [Fact]
    public void Next_Terminal_NothingMovesIt()
    {
        foreach (var state in new[] { At("completed"), At("rolled_back") })
        {
            foreach (var input in new ApplyInput[] { new ApplyInput.Abort(), new ApplyInput.SwitchFailed("x"), new ApplyInput.Look(true) })
                Assert.Equal((state, ApplyEffect.None), ApplyMachine.Next(state, input, Start.AddHours(1)));
        }
    }

    [Fact]
    public void Next_SwitchFailed_CountsOnlyBeforeTheSwitch()
    {
        Assert.Equal((ApplyPhase.RolledBack, "E_X"), (ApplyMachine.Next(At("freeze"), new ApplyInput.SwitchFailed("E_X"), Start).State.Phase, ApplyMachine.Next(At("freeze"), new ApplyInput.SwitchFailed("E_X"), Start).State.Reason));
        foreach (var phase in new[] { "requested", "switch", "unfreeze" })
            Assert.Equal(ApplyEffect.None, ApplyMachine.Next(At(phase), new ApplyInput.SwitchFailed("E_X"), Start).Effect);
    }

    [Fact]
    public void Next_UnfreezePending_RepeatsEveryTenSeconds()
    {
        var (pending, _) = ApplyMachine.Next(At("unfreeze"), new ApplyInput.Look(false), Start.AddSeconds(30));
        Assert.Equal(ApplyEffect.None, ApplyMachine.Next(pending, new ApplyInput.Look(false), Start.AddSeconds(39)).Effect);
        var (again, effect) = ApplyMachine.Next(pending, new ApplyInput.Look(false), Start.AddSeconds(40));
        Assert.Equal((ApplyEffect.Repeat, 2, Start.AddSeconds(50)), (effect, again.Repeats, again.RetryAt));
    }

    [Theory]
    [InlineData("all", 1)]
    [InlineData("majority", 2)]
    [InlineData("1", 3)]
    [InlineData("9", 1)]
    public void Quorum_ThreeObservers_WaitsForAsManyAsItSays(string text, int silentThatBlock)
    {
        Assert.True(Quorum.TryParse(text, out var quorum));
        for (var silent = 0; silent <= 3; silent++)
        {
            Observer[] observers = [.. Enumerable.Range(0, 3).Select(i => new Observer { Consumer = $"g{i}", JoinedAt = Start, ExpiresAt = Start.AddMinutes(1), Acknowledged = i < silent ? 4 : 5 })];
            Assert.Equal(silent >= silentThatBlock, quorum.Missing(observers, 5, Start, Start).Count > 0);
        }
    }

    [Fact]
    public void Quorum_WhoJoinedLaterOrExpired_IsNotWaitedFor()
    {
        var late = new Observer { Consumer = "late", JoinedAt = Start.AddSeconds(1), ExpiresAt = Start.AddMinutes(1) };
        var gone = new Observer { Consumer = "gone", JoinedAt = Start, ExpiresAt = Start.AddSeconds(1) };
        var there = new Observer { Consumer = "there", JoinedAt = Start, ExpiresAt = Start.AddMinutes(1) };
        Assert.Equal(["there"], Quorum.All.Missing([late, gone, there], 1, Start, Start.AddSeconds(1)));
        Assert.Empty(Quorum.All.Missing([late, gone], 1, Start, Start.AddSeconds(1)));
        Assert.False(Quorum.TryParse("some", out _));
        Assert.False(Quorum.TryParse("0", out _));
    }

    private static ApplyState At(string phase) => new(ApplyPhases.Parse(phase), Start, TimeSpan.FromSeconds(30), RetryAt: phase is "unfreeze_pending" ? Start.AddSeconds(10) : null);
}
