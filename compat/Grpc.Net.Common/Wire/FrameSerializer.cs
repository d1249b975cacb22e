using System.Buffers;
using System.IO.Compression;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Grpc.Net.Wire;

/// <summary>Writes framed messages into a buffer. A message that announces its length and is not compressed goes straight
/// into it; any other is collected in a pooled buffer first, because the frame needs its length.</summary>
internal sealed class FrameSerializer(int? maxMessageSize) : SerializationContext
{
    private IBufferWriter<byte>? _output;
    private ICompressionProvider? _compression;
    private CompressionLevel? _level;
    private PooledBuffer? _scratch;
    private int? _announced;
    private bool _direct;
    private bool _done;

    public void Write<T>(T message, Action<T, SerializationContext> serializer, IBufferWriter<byte> output, ICompressionProvider? compression, CompressionLevel? level)
    {
        (_output, _compression, _level) = (output, compression, level);
        (_announced, _direct, _done) = (null, false, false);
        try
        {
            serializer(message, this);
            if (!_done) throw new InvalidOperationException("The serializer did not complete the message.");
        }
        finally
        {
            _scratch?.Dispose();
            (_scratch, _output) = (null, null);
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        RefuseOversize(payloadLength);
        _announced = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_announced is not { } length || _compression is not null) return _scratch ??= new PooledBuffer();
        if (!_direct)
        {
            _direct = true;
            WriteFrame(new MessageFrame(Compressed: false, length));
        }

        return _output!;
    }

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        RefuseOversize(payload.Length);
        WritePayload(payload);
        _done = true;
    }

    public override void Complete()
    {
        if (!_direct)
        {
            var payload = _scratch?.WrittenMemory ?? ReadOnlyMemory<byte>.Empty;
            RefuseOversize(payload.Length);
            WritePayload(payload.Span);
        }

        _done = true;
    }

    private void WritePayload(ReadOnlySpan<byte> payload)
    {
        if (_compression is null)
        {
            WriteFrame(new MessageFrame(Compressed: false, payload.Length));
            _output!.Write(payload);
            return;
        }

        using var compressed = new PooledBuffer(Math.Max(payload.Length / 2, 64));
        using (var stream = _compression.CreateCompressionStream(compressed, _level)) stream.Write(payload);
        WriteFrame(new MessageFrame(Compressed: true, compressed.WrittenMemory.Length));
        _output!.Write(compressed.WrittenMemory.Span);
    }

    private void WriteFrame(MessageFrame frame)
    {
        frame.WriteTo(_output!.GetSpan(MessageFrame.Size));
        _output.Advance(MessageFrame.Size);
    }

    private void RefuseOversize(int length)
    {
        if (length > maxMessageSize) throw new RpcException(WireStatus.SentTooLarge);
    }
}
