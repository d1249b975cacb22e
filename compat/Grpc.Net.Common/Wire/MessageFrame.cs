using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Net.Wire;

/// <summary>The five bytes before each message: a compressed flag and a big-endian length.</summary>
internal readonly record struct MessageFrame(bool Compressed, int Length)
{
    public const int Size = 5;

    public void WriteTo(Span<byte> destination)
    {
        destination[0] = Compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], (uint)Length);
    }

    public static bool TryRead(in ReadOnlySequence<byte> buffer, out MessageFrame frame)
    {
        frame = default;
        if (buffer.Length < Size) return false;
        Span<byte> bytes = stackalloc byte[Size];
        buffer.Slice(0, Size).CopyTo(bytes);
        if (bytes[0] > 1) throw new RpcException(new Status(StatusCode.Internal, "Unexpected compressed flag value in message header."));
        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]);
        if (length > int.MaxValue) throw new RpcException(WireStatus.ReceivedTooLarge);
        frame = new MessageFrame(bytes[0] == 1, (int)length);
        return true;
    }
}

/// <summary>Statuses both sides give for malformed or oversized messages.</summary>
internal static class WireStatus
{
    public static readonly Status ReceivedTooLarge = new(StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.");
    public static readonly Status SentTooLarge = new(StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size.");
    public static readonly Status Incomplete = new(StatusCode.Internal, "Incomplete message.");
    public static readonly Status AdditionalData = new(StatusCode.Internal, "Additional data after the message received.");
}
