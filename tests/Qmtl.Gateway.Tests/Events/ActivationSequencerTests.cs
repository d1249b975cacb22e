using Qmtl.Gateway.Activation;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Events;

public sealed class ActivationSequencerTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Accept_InOrder_RelaysEachAndAcknowledgesTheLast()
    {
        var sequencer = new ActivationSequencer();
        Assert.Equal(("1", 0), Take(sequencer, 1, last: 2, closes: true));
        Assert.Equal(("2", 2), Take(sequencer, 2, last: 2, closes: true));
        Assert.Equal(("3", 0), Take(sequencer, 3, last: 4, closes: false));
        Assert.Equal(("4", 4), Take(sequencer, 4, last: 4, closes: false));
    }

    [Fact]
    public void Accept_OutOfOrder_ClosesAtOnceAndOpensInTurn()
    {
        var sequencer = new ActivationSequencer();
        Assert.Equal(("2", 0), Take(sequencer, 2, last: 2, closes: true));
        Assert.Equal(("", 0), Take(sequencer, 3, last: 4, closes: false));
        Assert.Equal(("", 0), Take(sequencer, 4, last: 4, closes: false));
        Assert.Equal(("1,3,4", 4), Take(sequencer, 1, last: 2, closes: true));
    }

    [Fact]
    public void Accept_Again_IsNotRelayedButAcknowledgedAgain()
    {
        var sequencer = new ActivationSequencer();
        Take(sequencer, 1, last: 2, closes: true);
        Take(sequencer, 2, last: 2, closes: true);
        Assert.Equal(("", 0), Take(sequencer, 1, last: 2, closes: true));
        Assert.Equal(("", 2), Take(sequencer, 2, last: 2, closes: true));
    }

    [Fact]
    public void Overdue_AGap_OpensOnlyAfterItWasSkipped()
    {
        var sequencer = new ActivationSequencer();
        Take(sequencer, 3, last: 4, closes: false);
        Take(sequencer, 4, last: 4, closes: false);
        Assert.Empty(sequencer.Overdue(Start.AddSeconds(2.9)));
        var gap = Assert.Single(sequencer.Overdue(Start.AddSeconds(3)));
        Assert.Equal(("w", "r", 1), (gap.WorldId, gap.RunId, gap.Next));
        var skipped = sequencer.Skip(gap, Start.AddSeconds(3));
        Assert.Equal([3, 4], skipped.Relay.Select(item => item.Number));
        Assert.Equal(4, skipped.Acknowledge?.Number);
        Assert.Empty(sequencer.Overdue(Start.AddHours(1)));
        Assert.Empty(sequencer.Skip(gap, Start.AddSeconds(4)).Relay);
    }

    [Fact]
    public void Accept_AnyOrderWithDuplicates_RelaysEveryOpeningOnceInOrder()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var sequencer = new ActivationSequencer();
            int[] numbers = [.. Enumerable.Range(1, 8), .. Enumerable.Range(1, 8).Where(_ => random.Next(2) == 0)];
            random.Shuffle(numbers);
            var relayed = new List<int>();
            var acknowledged = 0;
            foreach (var number in numbers)
            {
                var due = sequencer.Accept(Item(number, number <= 4 ? 4 : 8, number <= 4), Start);
                relayed.AddRange(due.Relay.Select(item => item.Number));
                acknowledged = Math.Max(acknowledged, due.Acknowledge?.Number ?? 0);
                Assert.True(relayed.Where(n => n > 4).All(n => Enumerable.Range(1, n).All(before => relayed.Contains(before))), $"seed {seed}: {string.Join(',', relayed)}");
            }

            Assert.Equal([5, 6, 7, 8], relayed.Where(number => number > 4));
            Assert.Equal([1, 2, 3, 4], relayed.Where(number => number <= 4).Order());
            Assert.Equal(8, acknowledged);
        }
    }

    private static (string Relayed, int Acknowledged) Take(ActivationSequencer sequencer, int number, int last, bool closes)
    {
        var due = sequencer.Accept(Item(number, last, closes), Start);
        return (string.Join(',', due.Relay.Select(item => item.Number)), due.Acknowledge?.Number ?? 0);
    }

    private static SequencedEvent Item(int number, int last, bool closes) =>
        new(new ActivationUpdated { WorldId = "w", RunId = "r", Sequence = number, LastSequence = last, RequiresAck = true, Freeze = closes }, new CloudEvent(), Start);
}
