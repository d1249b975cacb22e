using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Identity.Tests;

public sealed class Crc32Tests
{
    [Fact]
    public void Append_CheckText_GivesTheStandardCheckValue() => Assert.Equal(0xCBF43926u, Crc32.Append(0, "123456789"u8));

    [Fact]
    public void OfNodeIds_TwoIds_GivesTheGoldenValue() => Assert.Equal(1599231687u, Crc32.OfNodeIds(["blake3:aa", "blake3:bb"]));

    [Fact]
    public void OfNodeIds_NoIds_IsZero() => Assert.Equal(0u, Crc32.OfNodeIds([]));

    [Fact]
    public void OfNodeIds_IdLongerThanTheBuffer_IsHashedWhole()
    {
        var id = new string('é', 400);
        Assert.Equal(Crc32.Append(0, Encoding.UTF8.GetBytes(id)), Crc32.OfNodeIds([id]));
    }

    [Fact]
    public void Append_InputSplitAnywhere_EqualsTheWhole() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<byte[]>().ToArbitrary(),
        ArbMap.Default.GeneratorFor<NonNegativeInt>().ToArbitrary(),
        (bytes, split) =>
        {
            var at = bytes.Length == 0 ? 0 : split.Get % bytes.Length;
            return Crc32.Append(Crc32.Append(0, bytes.AsSpan(0, at)), bytes.AsSpan(at)) == Crc32.Append(0, bytes);
        }).QuickCheckThrowOnFailure();
}
