using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Net.Wire;

/// <summary>Reads framed messages from a pipe, one per call, so that an unread message holds back its sender.</summary>
/// <param name="input">The bytes.</param>
/// <param name="maxMessageSize">The largest message taken, before and after decompression.</param>
/// <param name="peer">"Request" or "Response", for texts.</param>
/// <param name="encodings">What can be decompressed.</param>
/// <param name="encoding">The stream's <c>grpc-encoding</c>, or null.</param>
/// <param name="unknownEncoding">The code that answers an unknown encoding.</param>
internal sealed class FrameReader(PipeReader input, int? maxMessageSize, string peer, Encodings encodings, string? encoding, StatusCode unknownEncoding)
{
    private readonly PayloadContext _payload = new();

    /// <summary>The next message, or null at the end of the stream.</summary>
    public async ValueTask<T?> ReadAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        var wanted = MessageFrame.Size;
        while (true)
        {
            var read = await input.ReadAtLeastAsync(wanted, cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException("The read was cancelled.");
            var buffer = read.Buffer;
            var (consumed, examined) = (buffer.End, buffer.End);
            try
            {
                if (TryTake(buffer, deserializer, out var message, out wanted, out consumed))
                {
                    examined = consumed;
                    return message;
                }
            }
            finally
            {
                // Also when the message is refused: a pipe left in the middle of a read cannot be completed.
                input.AdvanceTo(consumed, examined);
            }

            if (!read.IsCompleted || buffer.Length >= wanted) continue;
            return buffer.IsEmpty ? null : throw new RpcException(WireStatus.Incomplete);
        }
    }

    /// <summary>The only message of a stream, whose end is awaited too; null for an empty stream.</summary>
    public async ValueTask<T?> ReadSingleAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        var message = await ReadAsync(deserializer, cancellationToken).ConfigureAwait(false);
        if (message is null) return null;
        var rest = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
        var clean = rest.Buffer.IsEmpty;
        input.AdvanceTo(rest.Buffer.End);
        return clean ? message : throw new RpcException(WireStatus.AdditionalData);
    }

    /// <summary>Gives the buffers back, once the stream has been read to its end.</summary>
    public void Complete() => input.Complete();

    private bool TryTake<T>(ReadOnlySequence<byte> buffer, Func<DeserializationContext, T> deserializer, out T? message, out int wanted, out SequencePosition consumed)
        where T : class
    {
        (message, wanted, consumed) = (null, MessageFrame.Size, buffer.Start);
        if (!MessageFrame.TryRead(buffer, out var frame)) return false;
        // Refused by its header: an oversized message is never buffered.
        if (frame.Length > maxMessageSize) throw new RpcException(WireStatus.ReceivedTooLarge);
        wanted = checked(MessageFrame.Size + frame.Length);
        if (buffer.Length < wanted) return false;
        var payload = buffer.Slice(MessageFrame.Size, frame.Length);
        consumed = payload.End;
        message = frame.Compressed ? Decompressed(payload, deserializer) : _payload.Deserialize(payload, deserializer);
        return true;
    }

    private T Decompressed<T>(ReadOnlySequence<byte> payload, Func<DeserializationContext, T> deserializer)
    {
        if (encoding is null) throw new RpcException(new Status(StatusCode.Internal, $"{peer} did not include grpc-encoding value with compressed message."));
        if (encoding == Encodings.Identity) throw new RpcException(new Status(StatusCode.Internal, $"{peer} sent 'identity' grpc-encoding value with compressed message."));
        var provider = encodings.Find(encoding)
            ?? throw new RpcException(new Status(unknownEncoding, $"Unsupported grpc-encoding value '{encoding}'. Supported encodings: {string.Join(", ", encodings.Names)}"));

        using var plain = new PooledBuffer();
        try
        {
            using var compressed = new SequenceStream(payload);
            using var stream = provider.CreateDecompressionStream(compressed);
            while (stream.Read(plain.GetSpan(4096)) is > 0 and var count)
            {
                plain.Advance(count);
                // A small compressed message may unpack to anything: the limit holds for what it becomes.
                if (plain.Length > maxMessageSize) throw new RpcException(WireStatus.ReceivedTooLarge);
            }
        }
        catch (InvalidDataException malformed)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"{peer} message is not valid {encoding}.", malformed));
        }

        return _payload.Deserialize(new ReadOnlySequence<byte>(plain.WrittenMemory), deserializer);
    }

    private sealed class PayloadContext : DeserializationContext
    {
        private ReadOnlySequence<byte> _payload;

        public override int PayloadLength => (int)_payload.Length;

        public T Deserialize<T>(ReadOnlySequence<byte> payload, Func<DeserializationContext, T> deserializer)
        {
            _payload = payload;
            try
            {
                return deserializer(this);
            }
            finally
            {
                _payload = default;
            }
        }

        public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;
    }
}
