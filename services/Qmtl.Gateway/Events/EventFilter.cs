using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>An event on its way to subscribers.</summary>
/// <param name="Topic">The topic it belongs to.</param>
/// <param name="Frame">What a subscriber receives.</param>
internal sealed record HubEvent(string Topic, CloudEvent Frame)
{
    /// <summary>The world it is about; empty when it is about none.</summary>
    public string WorldId { get; } = WorldOf(Frame.Data);

    /// <summary>The strategy it is about; empty when it is about none.</summary>
    public string StrategyId { get; } = Text(Frame.Data, "strategy_id");

    /// <summary>A risk snapshot names its world itself.</summary>
    private static string WorldOf(Struct? data) =>
        Text(data, "world_id") is { Length: > 0 } own ? own
        : data is not null && data.Fields.TryGetValue("snapshot", out var snapshot) && snapshot.KindCase == Value.KindOneofCase.StructValue ? Text(snapshot.StructValue, "world_id")
        : "";

    private static string Text(Struct? data, string field) =>
        data is not null && data.Fields.TryGetValue(field, out var value) && value.KindCase == Value.KindOneofCase.StringValue ? value.StringValue : "";
}

/// <summary>What a subscriber wants to hear. Pure.</summary>
/// <param name="Topics">Topics wanted.</param>
/// <param name="WorldId">Only this world; empty means every one.</param>
/// <param name="StrategyId">Only this strategy; empty means every one.</param>
internal sealed record EventFilter(IReadOnlySet<string> Topics, string WorldId, string StrategyId)
{
    /// <summary>Whether an event is wanted. One about a whole world is wanted by followers of its strategies, one about no world by everybody.</summary>
    public bool Wants(HubEvent item) =>
        Topics.Contains(item.Topic)
        && (WorldId.Length == 0 || item.WorldId.Length == 0 || item.WorldId == WorldId)
        && (StrategyId.Length == 0 || item.StrategyId.Length == 0 || item.StrategyId == StrategyId);
}
