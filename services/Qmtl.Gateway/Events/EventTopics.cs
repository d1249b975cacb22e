using Qmtl.Messaging.Topics;

namespace Qmtl.Gateway.Events;

/// <summary>The names under which clients follow events. Pure.</summary>
internal static class EventTopics
{
    /// <summary>What is relayed, in the names of the bus, which are the names clients use.</summary>
    public static IReadOnlyList<string> Relayed { get; } =
        [TopicCatalog.Activation, TopicCatalog.Policy, TopicCatalog.Evaluation, TopicCatalog.Risk, TopicCatalog.Rebalancing, TopicCatalog.Queue, TopicCatalog.SentinelWeight];

    /// <summary>Reads names as clients write them: lists separated by commas, the plural <c>queues</c>, the older form <c>w/{world}/topic</c>. Unknown names are dropped.</summary>
    /// <returns>The topics; all of them when none was named.</returns>
    public static IReadOnlySet<string> Normalise(IEnumerable<string> names)
    {
        string[] given = [.. names.SelectMany(name => name.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        var wanted = given.Select(Canonical).Where(name => Relayed.Contains(name, StringComparer.Ordinal)).ToHashSet(StringComparer.Ordinal);
        return given.Length == 0 ? Relayed.ToHashSet(StringComparer.Ordinal) : wanted;
    }

    private static string Canonical(string name)
    {
        var last = name[(name.LastIndexOf('/') + 1)..].ToLowerInvariant();
        return last == "queues" ? TopicCatalog.Queue : last;
    }
}
