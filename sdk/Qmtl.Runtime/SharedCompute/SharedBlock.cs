using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>How far a block of a cut is: which values are still to come, which groups are still to run.</summary>
internal sealed class SharedBlock(GraphCut cut, int start, int length)
{
    private readonly HashSet<int> _missing = [.. cut.Read];
    private readonly List<int> _pending = [.. Enumerable.Range(0, cut.Groups.Count)];

    /// <summary>The first bar.</summary>
    public int Start => start;

    /// <summary>How many bars.</summary>
    public int Length => length;

    /// <summary>Read nodes whose values have not come.</summary>
    public IReadOnlyCollection<int> Missing => _missing;

    /// <summary>Whether every value is there.</summary>
    public bool IsDone => _missing.Count == 0 && _pending.Count == 0;

    /// <summary>The nodes that the cut publishes.</summary>
    public IReadOnlyList<int> OfferedNodes => cut.Offered;

    /// <summary>The values of a read node are there.</summary>
    public void Arrived(int index) => _missing.Remove(index);

    /// <summary>The groups that can run now, each given out once. Groups that others depend on come first.</summary>
    public IReadOnlyList<int> TakeReady()
    {
        if (_pending.Count == 0) return [];
        var ready = _pending.FindAll(group => !cut.Groups[group].WaitsFor.Any(_missing.Contains));
        _pending.RemoveAll(ready.Contains);
        return ready;
    }

    /// <summary>The nodes of a group that are published.</summary>
    public IEnumerable<int> OfferedBy(int group) => cut.Offered.Where(cut.Groups[group].Nodes.Contains);
}
