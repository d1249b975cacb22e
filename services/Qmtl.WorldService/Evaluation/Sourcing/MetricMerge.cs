using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation.Sourcing;

/// <summary>Metrics from several sources, the later winning. A single source is taken as it is: most strategies of most requests have no more.</summary>
internal sealed class MetricMerge
{
    private IReadOnlyDictionary<string, double> _first = MetricSet.Empty;
    private Dictionary<string, double>? _merged;

    /// <summary>What it came to so far.</summary>
    public IReadOnlyDictionary<string, double> Values => _merged ?? _first;

    /// <summary>Whether anything was added to the first source.</summary>
    public bool IsMerged => _merged is not null;

    /// <summary>What it came to so far, to be added to.</summary>
    public Dictionary<string, double> Edit() => _merged ??= new Dictionary<string, double>(_first, StringComparer.Ordinal);

    public void Set(string name, double value) => Edit()[name] = value;

    public void Put(IReadOnlyDictionary<string, double>? more)
    {
        if (more is not { Count: > 0 }) return;
        if (_merged is null && _first.Count == 0)
        {
            _first = more;
            return;
        }

        var values = Edit();
        foreach (var (name, value) in more) values[name] = value;
    }
}
