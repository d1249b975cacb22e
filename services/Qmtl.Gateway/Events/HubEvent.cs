using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Activation;
using Qmtl.Messaging.Topics;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>An event on its way to subscribers: one object for all of them.</summary>
internal sealed class HubEvent
{
    public HubEvent(string topic, CloudEvent frame)
    {
        (Topic, Frame) = (topic, frame);
        // A risk snapshot names its world itself.
        WorldId = Text(frame.Data, "world_id") is { Length: > 0 } own ? own
            : frame.Data is not null && frame.Data.Fields.TryGetValue("snapshot", out var snapshot) && snapshot.KindCase == Value.KindOneofCase.StructValue ? Text(snapshot.StructValue, "world_id")
            : "";
        StrategyId = Text(frame.Data, "strategy_id");
        if (topic is not TopicCatalog.Activation || StrategyId.Length == 0) return;
        Entry = new EntryKey(StrategyId, Text(frame.Data, "side"));
        EntryVersion = frame.Data!.Fields.TryGetValue("entity_version", out var version) && version.KindCase == Value.KindOneofCase.NumberValue ? (int)version.NumberValue : 0;
    }

    /// <summary>No event: wakes a stream that waits for one.</summary>
    public static HubEvent Nudge { get; } = new("", new CloudEvent());

    /// <summary>The topic it belongs to.</summary>
    public string Topic { get; }

    /// <summary>What a subscriber receives. Not changed once it has been handed on.</summary>
    public CloudEvent Frame { get; }

    /// <summary>The world it is about; empty when it is about none.</summary>
    public string WorldId { get; }

    /// <summary>The strategy it is about; empty when it is about none.</summary>
    public string StrategyId { get; }

    /// <summary>The activation entry it is about; null when it is about none.</summary>
    public EntryKey? Entry { get; }

    /// <summary>Version of that entry; 0 when unknown.</summary>
    public int EntryVersion { get; }

    private static string Text(Struct? data, string field) =>
        data is not null && data.Fields.TryGetValue(field, out var value) && value.KindCase == Value.KindOneofCase.StringValue ? value.StringValue : "";
}
