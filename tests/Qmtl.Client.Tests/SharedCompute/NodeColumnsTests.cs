using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Client.Tests.SharedCompute;

public sealed class NodeColumnsTests
{
    private const int FlagBytes = 3;

    [Fact]
    public void Pack_AnyBits_ComeBack() => Prop.ForAll<long[]>(bits =>
    {
        var values = bits.Select(BitConverter.Int64BitsToDouble).ToArray();

        Assert.Equal(bits, NodeColumns.Unpack(NodeColumns.Pack(values), values.Length).Select(BitConverter.DoubleToInt64Bits));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Pack_Signals_TakesTwoBitsABar() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        double[] flags = [.. Enumerable.Range(0, 10).Select(_ => random.Next(3) switch { 0 => 0.0, 1 => 1.0, _ => double.NaN })];

        var packed = NodeColumns.Pack(flags);

        Assert.Equal(("flags", FlagBytes), (packed.Encoding, packed.Values.Length));
        Assert.Equal(flags.Select(BitConverter.DoubleToInt64Bits), NodeColumns.Unpack(packed, flags.Length).Select(BitConverter.DoubleToInt64Bits));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0x8000_0000_0000_0000)]
    [InlineData(0x7ff8_0000_0000_0001)]
    [InlineData(0x4000_0000_0000_0000)]
    public void Pack_WhatOnlyLooksLikeASignal_KeepsItsBits(ulong bits)
    {
        double[] values = [1.0, BitConverter.UInt64BitsToDouble(bits), 0.0];

        var packed = NodeColumns.Pack(values);

        Assert.Equal("f64", packed.Encoding);
        Assert.Equal(bits, BitConverter.DoubleToUInt64Bits(NodeColumns.Unpack(packed, 3)[1]));
    }

    [Theory]
    [InlineData("f64", 15)]
    [InlineData("flags", 2)]
    [InlineData("f32", 8)]
    public void Unpack_NotWhole_IsABadUpstream(string encoding, int bytes)
    {
        var column = new NodeColumn { Encoding = encoding, Values = ByteString.CopyFrom(new byte[bytes]) };

        Assert.Equal(ReasonCodes.BadUpstream, Assert.Throws<RefusalException>(() => NodeColumns.Unpack(column, 2)).Code);
    }

    [Fact]
    public void Unpack_FlagThatIsNone_IsABadUpstream() =>
        Assert.Throws<RefusalException>(() => NodeColumns.Unpack(new NodeColumn { Encoding = "flags", Values = ByteString.CopyFrom(0xff) }, 4));
}
