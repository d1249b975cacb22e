using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>Columns as they travel: every bit of every value comes back.</summary>
internal static class NodeColumns
{
    private const string Doubles = "f64", Flags = "flags";
    private const int False = 0, True = 1, Missing = 2, FlagBits = 2, FlagsInByte = 4, FlagMask = 3;
    private static readonly long MissingBits = BitConverter.DoubleToInt64Bits(double.NaN);
    private static readonly long TrueBits = BitConverter.DoubleToInt64Bits(1.0);

    /// <summary>Packs a column. Signals (0, 1 or missing) take two bits a bar, everything else eight bytes.</summary>
    public static NodeColumn Pack(ReadOnlySpan<double> values) =>
        TryPackFlags(values) is { } flags ? new NodeColumn { Encoding = Flags, Values = flags } : new NodeColumn { Encoding = Doubles, Values = PackDoubles(values) };

    /// <summary>Unpacks a column of <paramref name="bars"/> values.</summary>
    /// <exception cref="RefusalException">It is not one.</exception>
    public static double[] Unpack(NodeColumn column, int bars)
    {
        var bytes = column.Values.Span;
        var expected = column.Encoding switch
        {
            Doubles => bars * sizeof(double),
            Flags => (bars + FlagsInByte - 1) / FlagsInByte,
            _ => throw new RefusalException(ReasonCodes.BadUpstream, $"The values are encoded as \"{column.Encoding}\", which this version does not know."),
        };
        if (bytes.Length != expected) throw new RefusalException(ReasonCodes.BadUpstream, $"A column of {bars} bars came with {bytes.Length} bytes instead of {expected}.");
        var values = new double[bars];
        if (column.Encoding == Flags) UnpackFlags(bytes, values);
        else UnpackDoubles(bytes, values);
        return values;
    }

    private static ByteString PackDoubles(ReadOnlySpan<double> values)
    {
        if (BitConverter.IsLittleEndian) return ByteString.CopyFrom(MemoryMarshal.AsBytes(values));
        var bytes = new byte[values.Length * sizeof(double)];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), values[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static void UnpackDoubles(ReadOnlySpan<byte> bytes, Span<double> values)
    {
        for (var i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * sizeof(double))..]);
    }

    // Compared as bits: a negative zero, or a missing value with another payload, is not a flag.
    private static ByteString? TryPackFlags(ReadOnlySpan<double> values)
    {
        var bytes = new byte[(values.Length + FlagsInByte - 1) / FlagsInByte];
        for (var i = 0; i < values.Length; i++)
        {
            var bits = BitConverter.DoubleToInt64Bits(values[i]);
            int flag;
            if (bits == 0) flag = False;
            else if (bits == TrueBits) flag = True;
            else if (bits == MissingBits) flag = Missing;
            else return null;
            bytes[i / FlagsInByte] |= (byte)(flag << (i % FlagsInByte * FlagBits));
        }

        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static void UnpackFlags(ReadOnlySpan<byte> bytes, Span<double> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = ((bytes[i / FlagsInByte] >> (i % FlagsInByte * FlagBits)) & FlagMask) switch
            {
                False => 0,
                True => 1,
                Missing => double.NaN,
                _ => throw new RefusalException(ReasonCodes.BadUpstream, "A flag is neither true, false nor missing."),
            };
        }
    }
}
