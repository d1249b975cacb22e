using FsCheck;
using FsCheck.Fluent;
using Qmtl.Gateway.NodeStreams;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.NodeStreams;

public sealed class AppendRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly StreamRow Row = new() { StreamId = "s", Owner = "a", Epoch = 3, ExpiresAt = Now.AddSeconds(5), NextBar = 10, InputWindowHash = "h10" };

    [Fact]
    public void Apply_NextBatchOfTheHolder_MovesTheStreamOn()
    {
        var after = AppendRules.Apply(Row, "a", Batch(10, 5, "h15"), Now);

        Assert.Equal(Row with { NextBar = 15, InputWindowHash = "h15" }, after);
    }

    [Theory]
    [InlineData(0, 5, "anything")]
    [InlineData(0, 10, "h10")]
    [InlineData(4, 6, "h10")]
    public void Apply_WhatStandsThere_ChangesNothing(long first, int bars, string hash) => Assert.Same(Row, AppendRules.Apply(Row, "a", Batch(first, bars, hash), Now));

    [Fact]
    public void Apply_AnythingElse_IsRefusedWithItsReason()
    {
        void Refused(ReasonCode code, Func<StreamRow> apply)
        {
            var refusal = Assert.Throws<RefusalException>(apply);
            Assert.Equal((code.Code, "s"), (refusal.Code.Code, refusal.Metadata["stream_id"]));
        }

        Refused(ReasonCodes.LeaseFenced, () => AppendRules.Apply(null, "a", Batch(0, 5), Now));
        Refused(ReasonCodes.LeaseFenced, () => AppendRules.Apply(Row, "b", Batch(10, 5), Now));
        Refused(ReasonCodes.LeaseFenced, () => AppendRules.Apply(Row, "a", Batch(10, 5, epoch: 2), Now));
        Refused(ReasonCodes.LeaseFenced, () => AppendRules.Apply(Row, "a", Batch(10, 5, epoch: 4), Now));
        Refused(ReasonCodes.LeaseFenced, () => AppendRules.Apply(Row with { Owner = "" }, "a", Batch(10, 5), Now));
        Refused(ReasonCodes.LeaseFenced, () => AppendRules.Apply(Row, "a", Batch(10, 5), Row.ExpiresAt));
        Refused(ReasonCodes.NodeValuesGap, () => AppendRules.Apply(Row, "a", Batch(11, 5), Now));
        Refused(ReasonCodes.NodeValuesGap, () => AppendRules.Apply(Row, "a", Batch(8, 5), Now));
        Refused(ReasonCodes.NodeValuesConflict, () => AppendRules.Apply(Row, "a", Batch(5, 5, "other"), Now));
    }

    /// <summary>Two producers send what they like, in any order, again and late, while the lease changes hands.</summary>
    [Fact]
    public void Apply_AnySequence_LeavesEveryBarOnceAndFromItsHolder() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        var row = Row with { NextBar = 0, InputWindowHash = "", Epoch = 1 };
        var accepted = new List<(long First, int Bars, string Owner)>();
        for (var step = 0; step < 200; step++)
        {
            if (random.Next(10) == 0) row = row with { Owner = row.Owner == "a" ? "b" : "a", Epoch = row.Epoch + 1 };
            var sender = random.Next(2) == 0 ? "a" : "b";
            var batch = Batch(Math.Max(0, row.NextBar + random.Next(-3, 3)), random.Next(1, 5), "h", row.Epoch - random.Next(2));
            try
            {
                var after = AppendRules.Apply(row, sender, batch, Now);
                if (!ReferenceEquals(after, row)) accepted.Add((batch.FirstBar, batch.Bars, sender == row.Owner && batch.Epoch == row.Epoch ? "holder" : "zombie"));
                row = after;
            }
            catch (RefusalException)
            {
                // What is refused leaves no trace.
            }
        }

        var next = 0L;
        foreach (var (first, bars, owner) in accepted)
        {
            Assert.Equal((next, "holder"), (first, owner));
            next += bars;
        }

        Assert.Equal(next, row.NextBar);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Check_BatchThatIsNotWhole_IsRefusedWithTheField()
    {
        static NodeValues Whole() => new()
        {
            StreamId = "s",
            Bars = 5,
            InputWindowHash = "sha256:" + new string('a', 64),
            Columns = { new NodeColumn { Encoding = "f64", Values = Google.Protobuf.ByteString.CopyFrom(new byte[40]) }, new NodeColumn { Encoding = "flags", Values = Google.Protobuf.ByteString.CopyFrom(new byte[2]) } },
        };
        void Refused(string pointer, Action<NodeValues> spoil)
        {
            var batch = Whole();
            spoil(batch);
            Assert.Equal("/batches/7" + pointer, Assert.Throws<RefusalException>(() => BatchCheck.ThrowIfRefused(batch, 7)).Errors.Single().Pointer);
        }

        BatchCheck.ThrowIfRefused(Whole(), 7);
        Refused("/stream_id", batch => batch.StreamId = "");
        Refused("/bars", batch => batch.Bars = 0);
        Refused("/bars", batch => batch.Bars = 65_537);
        Refused("/first_bar", batch => batch.FirstBar = -1);
        Refused("/input_window_hash", batch => batch.InputWindowHash = "sha256:" + new string('A', 64));
        Refused("/input_window_hash", batch => batch.InputWindowHash = "md5:x");
        Refused("/columns", batch => batch.Columns.Clear());
        Refused("/columns/0/encoding", batch => batch.Columns[0].Encoding = "f32");
        Refused("/columns/1/values", batch => batch.Columns[1].Values = Google.Protobuf.ByteString.Empty);
        Refused("", batch => batch.Columns[0].Values = Google.Protobuf.ByteString.CopyFrom(new byte[BatchCheck.MaxBytes]));
    }

    private static NodeValues Batch(long first, int bars, string hash = "h", int epoch = 3) => new() { StreamId = "s", FirstBar = first, Bars = bars, InputWindowHash = hash, Epoch = epoch };
}
