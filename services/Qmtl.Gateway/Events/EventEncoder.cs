using System.Buffers;
using System.Runtime.CompilerServices;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>The JSON of events, made once for all who receive them.</summary>
internal sealed class EventEncoder
{
    private readonly ConditionalWeakTable<CloudEvent, byte[]> _known = [];

    /// <summary>The event as UTF-8 JSON on one line.</summary>
    public ReadOnlyMemory<byte> Json(CloudEvent frame) => _known.GetValue(frame, static frame =>
    {
        var buffer = new ArrayBufferWriter<byte>();
        ProtoJson.Write(frame, buffer);
        return buffer.WrittenSpan.ToArray();
    });
}
