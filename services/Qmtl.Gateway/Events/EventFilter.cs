namespace Qmtl.Gateway.Events;

/// <summary>What a subscriber wants to hear. Pure.</summary>
/// <param name="Topics">Topics wanted.</param>
/// <param name="Worlds">Only these worlds; null means every one.</param>
/// <param name="StrategyId">Only this strategy; empty means every one.</param>
internal sealed record EventFilter(IReadOnlySet<string> Topics, IReadOnlySet<string>? Worlds, string StrategyId)
{
    /// <summary>The one world it is about; null when it is about several or all.</summary>
    public string? World => Worlds is { Count: 1 } ? Worlds.First() : null;

    /// <summary>A filter of one world, or of all where the id is empty.</summary>
    public static EventFilter Of(IReadOnlySet<string> topics, string worldId, string strategyId) =>
        new(topics, worldId.Length == 0 ? null : new HashSet<string>([worldId], StringComparer.Ordinal), strategyId);

    /// <summary>Whether an event is wanted. One about a whole world is wanted by followers of its strategies, one about no world by everybody.</summary>
    public bool Wants(HubEvent item) =>
        Topics.Contains(item.Topic)
        && (Worlds is null || item.WorldId.Length == 0 || Worlds.Contains(item.WorldId))
        && (StrategyId.Length == 0 || item.StrategyId.Length == 0 || string.Equals(item.StrategyId, StrategyId, StringComparison.Ordinal));
}
