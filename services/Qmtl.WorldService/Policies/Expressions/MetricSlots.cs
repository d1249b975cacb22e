namespace Qmtl.WorldService.Policies.Expressions;

/// <summary>
/// The metrics one policy reads, each with a column number. A candidate's metrics are looked up by name once into a row;
/// every rule then reads the row by column.
/// </summary>
internal sealed class MetricSlots
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Names => _names;

    public int Add(string name)
    {
        if (_slots.TryGetValue(name, out var slot)) return slot;
        _slots.Add(name, _names.Count);
        _names.Add(name);
        return _names.Count - 1;
    }
}

/// <summary>Which metric names exist: the closed registry of the statistics library.</summary>
internal interface IMetricCatalog
{
    bool Knows(string name);

    /// <summary>The one name under which values of a known metric are kept, whatever alias a policy uses.</summary>
    string Canonical(string name);

    /// <summary>The known name nearest to <paramref name="name"/>, or null when none is near.</summary>
    string? Suggest(string name);
}
