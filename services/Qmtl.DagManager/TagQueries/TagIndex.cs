using Qmtl.DagManager.Graph;
using Qmtl.Identity;

namespace Qmtl.DagManager.TagQueries;

/// <summary>Queues by interval, world, domain and tag; each list in ordinal order of its topics, so that answers come out sorted.</summary>
internal sealed class TagIndex
{
    private readonly Dictionary<int, Scopes> _intervals = [];

    /// <summary>Adds queues. Those of each tag are put in order once, so that a large change costs little more than a walk over the lists it touches.</summary>
    public void Add(IEnumerable<QueueEntry> queues)
    {
        var added = new Dictionary<List<QueueEntry>, int>(ReferenceEqualityComparer.Instance);
        foreach (var queue in queues)
        {
            if (queue.Tags.Count == 0 || queue.Node.Interval == 0) continue;
            var scope = ScopeOf(queue);
            foreach (var tag in queue.Tags)
            {
                if (!scope.Lists.TryGetValue(tag, out var list)) scope.Lists.Add(tag, list = []);
                added.TryAdd(list, list.Count);
                list.Add(queue);
            }
        }

        foreach (var (list, before) in added) Order(list, before);
    }

    /// <summary>Puts a list in order whose first part is.</summary>
    private static void Order(List<QueueEntry> list, int sorted)
    {
        list.Sort(sorted, list.Count - sorted, ByTopic.Instance);
        if (sorted == 0 || ByTopic.Instance.Compare(list[sorted - 1], list[sorted]) < 0) return;
        QueueEntry[] tail = [.. list.Skip(sorted)];
        // From the back, so that nothing is overwritten before it was moved.
        for (var (left, right, to) = (sorted - 1, tail.Length - 1, list.Count - 1); right >= 0; to--)
            list[to] = left >= 0 && ByTopic.Instance.Compare(list[left], tail[right]) > 0 ? list[left--] : tail[right--];
    }

    public void Remove(QueueEntry queue)
    {
        if (queue.Tags.Count == 0 || queue.Node.Interval == 0) return;
        var scope = ScopeOf(queue);
        foreach (var tag in queue.Tags)
        {
            if (!scope.Lists.TryGetValue(tag, out var list) || list.BinarySearch(queue, ByTopic.Instance) is not (>= 0 and var at)) continue;
            list.RemoveAt(at);
            if (list.Count == 0) scope.Lists.Remove(tag);
        }
    }

    /// <summary>The queues that answer a question, in ordinal order of their topics, each once. A world sees its own queues and the shared ones.</summary>
    public IReadOnlyList<QueueEntry> Find(TagQuery query)
    {
        if (!_intervals.TryGetValue(query.Interval, out var scopes)) return [];
        if (query.WorldId.Length == 0) return Union(scopes.All, query);
        var own = scopes.ByWorld.GetValueOrDefault((query.WorldId, query.Domain))?.Find(query) ?? [];
        if (scopes.Shared.Count == 0) return own;
        var shared = Union(scopes.Shared, query);
        return own.Count == 0 ? shared : shared.Count == 0 ? own : Merge(own, shared);
    }

    private static List<QueueEntry> Union(List<Scope> scopes, TagQuery query)
    {
        List<QueueEntry> found = [];
        foreach (var scope in scopes)
        {
            var more = scope.Find(query);
            if (more.Count > 0) found = found.Count == 0 ? more : Merge(found, more);
        }

        return found;
    }

    private static List<QueueEntry> Merge(List<QueueEntry> left, List<QueueEntry> right)
    {
        var merged = new List<QueueEntry>(left.Count + right.Count);
        var (i, j) = (0, 0);
        while (i < left.Count && j < right.Count)
        {
            var order = ReferenceEquals(left[i], right[j]) ? 0 : ByTopic.Instance.Compare(left[i], right[j]);
            merged.Add(order <= 0 ? left[i] : right[j]);
            if (order <= 0) i++;
            if (order >= 0) j++;
        }

        for (; i < left.Count; i++) merged.Add(left[i]);
        for (; j < right.Count; j++) merged.Add(right[j]);
        return merged;
    }

    private Scope ScopeOf(QueueEntry queue)
    {
        if (!_intervals.TryGetValue(queue.Node.Interval, out var scopes)) _intervals.Add(queue.Node.Interval, scopes = new Scopes());
        var key = (queue.Context.WorldId, queue.Context.Domain);
        if (scopes.ByWorld.TryGetValue(key, out var scope)) return scope;
        scopes.ByWorld.Add(key, scope = new Scope());
        scopes.All.Add(scope);
        if (queue.Context.WorldId.Length == 0) scopes.Shared.Add(scope);
        return scope;
    }

    private sealed class Scopes
    {
        public Dictionary<(string WorldId, ExecutionDomain Domain), Scope> ByWorld { get; } = [];

        public List<Scope> All { get; } = [];

        public List<Scope> Shared { get; } = [];
    }

    private sealed class Scope
    {
        public Dictionary<string, List<QueueEntry>> Lists { get; } = new(StringComparer.Ordinal);

        public List<QueueEntry> Find(TagQuery query) => query.Match == TagMatch.All ? FindAll(query.Tags) : FindAny(query.Tags);

        // A queue has a handful of tags: looking at those of the rarest tag's queues beats intersecting lists.
        private List<QueueEntry> FindAll(IReadOnlyList<string> tags)
        {
            List<QueueEntry>? rarest = null;
            for (var i = 0; i < tags.Count; i++)
            {
                if (!Lists.TryGetValue(tags[i], out var list)) return [];
                if (rarest is null || list.Count < rarest.Count) rarest = list;
            }

            var found = new List<QueueEntry>(rarest!.Count);
            foreach (var queue in rarest)
            {
                if (queue.Carries(tags)) found.Add(queue);
            }

            return found;
        }

        private List<QueueEntry> FindAny(IReadOnlyList<string> tags)
        {
            List<QueueEntry>? found = null;
            for (var i = 0; i < tags.Count; i++)
            {
                if (!Lists.TryGetValue(tags[i], out var list)) continue;
                found = found is null ? [.. list] : Merge(found, list);
            }

            return found ?? [];
        }
    }

    private sealed class ByTopic : IComparer<QueueEntry>
    {
        public static ByTopic Instance { get; } = new();

        public int Compare(QueueEntry? x, QueueEntry? y) => string.CompareOrdinal(x!.Topic, y!.Topic);
    }
}
