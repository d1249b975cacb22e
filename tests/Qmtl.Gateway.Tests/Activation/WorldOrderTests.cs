using Qmtl.Gateway.Activation;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Activation;

public sealed class WorldOrderTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    private readonly WorldOrder _order = new("w");
    private int _version;

    [Fact]
    public void Accept_InOrder_RelaysEachAndAcknowledgesTheLastOfAPhase()
    {
        Assert.Equal("1", Take(Closing(1, last: 2)));
        Assert.Equal("2 ack:2", Take(Closing(2, last: 2)));
        Assert.Equal("3", Take(Opening(3, last: 4)));
        Assert.Equal("4 ack:4", Take(Released(4, last: 4)));
        Assert.Null(_order.ResyncAt);
    }

    [Fact]
    public void Accept_OutOfOrder_ClosesAtOnceAndOpensWithTheStateOnly()
    {
        Assert.Equal("close 2", Take(Closing(2, last: 2)));
        Assert.Equal("", Take(Opening(3, last: 4)));
        Assert.Equal("", Take(Released(4, last: 4)));
        Assert.Equal(Start + WorldOrder.GapTimeout, _order.ResyncAt);

        Assert.Equal("1", Take(Closing(1, last: 2)));

        // Nothing is missing any more: the state is read at once, and only then is the opening acknowledged.
        Assert.Equal(Start, _order.ResyncAt);
        Assert.Equal("ack:4", Say(_order.Resynced([Entry(isOpen: true)], _order.Version, Start)));
    }

    [Fact]
    public void Accept_FirstSeenIsNotTheFirst_IsAGap()
    {
        Assert.Equal("close", Take(Opening(3, last: 4)));

        Assert.NotNull(_order.ResyncAt);
    }

    [Fact]
    public void Accept_AfterARestart_GoesOnWhereTheProcessBeforeEnded()
    {
        _order.Restore("r", 3, Start);

        Assert.Equal("ack:2", Take(Closing(2, last: 2)));
        Assert.Equal("3", Take(Opening(3, last: 4)));
        Assert.Equal("4 ack:4", Take(Released(4, last: 4)));
    }

    [Fact]
    public void Accept_Again_IsAcknowledgedAgainAndNotRelayed()
    {
        Take(Closing(1, last: 2));
        Take(Closing(2, last: 2));

        Assert.Equal("", Take(Closing(1, last: 2)));
        Assert.Equal("ack:2", Take(Closing(2, last: 2)));
    }

    [Fact]
    public void Resynced_WhenSomethingCameInBetween_IsReadAgain()
    {
        Take(Closing(2, last: 2));
        var version = _order.Version;
        Take(Closing(1, last: 2));

        Assert.Null(_order.Resynced([Entry(isOpen: true)], version, Start));
        Assert.NotNull(_order.ResyncAt);
    }

    [Fact]
    public void Resynced_AfterALoss_GoesOnBehindWhatCame()
    {
        Take(Closing(3, last: 3));

        Assert.Equal("ack:3", Say(_order.Resynced([Entry(isOpen: false)], _order.Version, Start)));
        Assert.Equal("4", Take(Opening(4, last: 5)));
    }

    [Fact]
    public void Accept_AnOpeningWhileAnotherRunHolds_WaitsForTheState()
    {
        Take(Closing(1, last: 1, run: "other"));

        Assert.Equal("close", Take(Opening(1, last: 2)));
        Assert.Equal(Start, _order.ResyncAt);
    }

    [Fact]
    public void Accept_ASingleOpeningWhileHeld_WaitsForTheState()
    {
        _order.Hold(Start);

        Assert.Equal("", Take(Single(isOpen: true)));
        Assert.Equal("single", Take(Single(isOpen: false)));
    }

    [Fact]
    public void Accept_AskedToAcknowledgeWithoutASequence_OpensNothing()
    {
        var broken = Single(isOpen: true);
        broken.Update.RequiresAck = true;

        Assert.Equal("", Take(broken));
    }

    private EntryState Entry(bool isOpen) => new(new EntryKey("s", "long"), _version, isOpen);

    private ActivationEvent Opening(int number, int last) => Event("r", number, last, update => (update.StrategyId, update.Side, update.Active, update.EntityVersion) = ("s", "long", true, ++_version));

    private static ActivationEvent Released(int number, int last) => Event("r", number, last, update => (update.Freeze, update.Drain) = (false, false));

    private static ActivationEvent Closing(int number, int last, string run = "r") => Event(run, number, last, update => (update.Freeze, update.Active) = (true, false));

    private ActivationEvent Single(bool isOpen) => new(new ActivationUpdated { WorldId = "w", StrategyId = "s", Side = "long", Active = isOpen, EntityVersion = ++_version }, new CloudEvent(), Start);

    private static ActivationEvent Event(string run, int number, int last, Action<ActivationUpdated> set)
    {
        var update = new ActivationUpdated { WorldId = "w", RunId = run, RequiresAck = true, Sequence = number, LastSequence = last };
        set(update);
        return new ActivationEvent(update, new CloudEvent(), Start);
    }

    private string Take(ActivationEvent item) => Say(_order.Accept(item, Start));

    private static string Say(Sequenced? outcome) => string.Join(' ', (string[])
    [
        .. outcome!.Close ? ["close"] : (string[])[],
        .. outcome.Relay.Select(item => item.IsSequenced ? $"{item.Number}" : "single"),
        .. outcome.Acknowledge.Select(item => $"ack:{item.Number}"),
    ]);
}
