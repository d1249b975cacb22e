using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Identity.Tests;

public sealed class Blake3Tests
{
    private static readonly byte[] Key = Encoding.ASCII.GetBytes(Blake3Vectors.Key);

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Blake3Vectors.All.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void AllModes_PublishedInput_GivePublishedOutput(int index)
    {
        var vector = Blake3Vectors.All[index];
        var input = Input(vector.Length);
        Span<byte> output = stackalloc byte[Blake3.DigestBytes];

        Assert.Equal(vector.Hash, Blake3.HashHex(input));
        Blake3.KeyedHash(Key, input, output);
        Assert.Equal(vector.Keyed, Convert.ToHexStringLower(output));
        Blake3.DeriveKey(Blake3Vectors.Context, input, output);
        Assert.Equal(vector.Derived, Convert.ToHexStringLower(output));
    }

    [Fact]
    public void ExtendedOutput_AllPublishedInputs_AreThePublishedBytes()
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> output = stackalloc byte[Blake3Vectors.ExtendedBytes];
        foreach (var (length, _, _, _) in Blake3Vectors.All)
        {
            var input = Input(length);
            Blake3.Hash(input, output);
            digest.AppendData(output);
            Blake3.KeyedHash(Key, input, output);
            digest.AppendData(output);
            Blake3.DeriveKey(Blake3Vectors.Context, input, output);
            digest.AppendData(output);
        }

        Assert.Equal(Blake3Vectors.ExtendedDigest, Convert.ToHexStringLower(digest.GetHashAndReset()));
    }

    [Fact]
    public void Hasher_InputInAnyPieces_EqualsOneShot() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<PositiveInt[]>().ToArbitrary(),
        pieces =>
        {
            var lengths = pieces.Select(piece => piece.Get * 397 % 20_000).ToArray();
            var input = Input(lengths.Sum());
            var hasher = new Blake3Hasher();
            var at = 0;
            foreach (var length in lengths)
            {
                hasher.Update(input.AsSpan(at, length));
                at += length;
            }

            var output = new byte[Blake3.DigestBytes];
            hasher.Finish(output);
            return Blake3.HashHex(input) == Convert.ToHexStringLower(output);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(8 * 1024)]
    [InlineData(8 * 1024 + 1)]
    [InlineData(16 * 1024 + 1)]
    [InlineData(64 * 1024)]
    [InlineData(64 * 1024 + 1)]
    [InlineData(65 * 1024 + 17)]
    [InlineData(200 * 1024 + 3)]
    [InlineData(1024 * 1024)]
    public void Hash_ManyChunks_EqualsHashingThemByteByByte(int length)
    {
        var input = Input(length);
        var narrow = new Blake3Hasher();
        // Single bytes never reach the eight-lane path.
        for (var i = 0; i < length; i++) narrow.Update(input.AsSpan(i, 1));
        var output = new byte[Blake3.DigestBytes];
        narrow.Finish(output);

        Assert.Equal(Convert.ToHexStringLower(output), Blake3.HashHex(input));
    }

    [Fact]
    public void Finish_CalledTwiceAndAfterMoreInput_DoesNotDisturbTheComputation()
    {
        var hasher = new Blake3Hasher();
        var first = new byte[32];
        var again = new byte[32];
        hasher.Update(Input(2000));
        hasher.Finish(first);
        hasher.Finish(again);
        Assert.Equal(first, again);

        hasher.Update(Input(3).AsSpan());
        hasher.Finish(again);
        Assert.Equal(Blake3.HashHex([.. Input(2000), .. Input(3)]), Convert.ToHexStringLower(again));
    }

    [Fact]
    public void Reset_UsedHasher_HashesAsANewOneOfItsMode()
    {
        var hasher = Blake3Hasher.CreateKeyed(Key);
        hasher.Update(Input(5000));
        hasher.Reset();
        var output = new byte[32];
        hasher.Finish(output);

        Assert.Equal(Blake3Vectors.All[0].Keyed, Convert.ToHexStringLower(output));
    }

    [Fact]
    public void Hash_OneMegabyte_AllocatesNothing()
    {
        var input = Input(1 << 20);
        var output = new byte[32];
        Blake3.Hash(input, output);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Blake3.Hash(input, output);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    public void KeyedHash_KeyOfWrongLength_SaysWhichLengthIsRight(int length)
    {
        var thrown = Assert.Throws<ArgumentException>(() => Blake3.KeyedHash(new byte[length], [], new byte[32]));
        Assert.Contains("32 bytes", thrown.Message, StringComparison.Ordinal);
    }

    internal static byte[] Input(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];
}
