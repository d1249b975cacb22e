using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>Names of metrics in an order, held once for all strategies that report the same. Immutable.</summary>
internal sealed class MetricSchema
{
    private readonly string[] _names;
    private readonly int[] _ordinal;
    private readonly Dictionary<string, int> _places;

    public MetricSchema(IEnumerable<string> names)
    {
        _names = [.. names];
        _ordinal = new int[_names.Length];
        _places = new Dictionary<string, int>(_names.Length, StringComparer.Ordinal);
        for (var i = 0; i < _names.Length; i++)
        {
            _ordinal[i] = i;
            _places.Add(_names[i], i);
        }

        Array.Sort(_names.ToArray(), _ordinal, StringComparer.Ordinal);
    }

    public ReadOnlySpan<string> Names => _names;

    /// <summary>The places of the names, by name.</summary>
    public ReadOnlySpan<int> Ordinal => _ordinal;

    /// <summary>Where a name stands; -1 when it does not.</summary>
    public int Find(string name) => _places.TryGetValue(name, out var place) ? place : -1;

    /// <summary>Whether the names are the same, in whichever order.</summary>
    public bool HasNamesOf(MetricSchema other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other._names.Length != _names.Length) return false;
        for (var i = 0; i < _names.Length; i++)
        {
            if (!string.Equals(_names[_ordinal[i]], other._names[other._ordinal[i]], StringComparison.Ordinal)) return false;
        }

        return true;
    }

    /// <summary>Whether the names are these, in this order.</summary>
    public bool Is(IReadOnlyDictionary<string, double> values)
    {
        if (values.Count != _names.Length) return false;
        var place = 0;
        foreach (var (name, _) in values)
        {
            if (!string.Equals(_names[place++], name, StringComparison.Ordinal)) return false;
        }

        return true;
    }
}

/// <summary>
/// Metrics of one strategy by name: numbers side by side, their names shared. A thousand strategies with a dictionary each are a thousand walks through
/// memory for every rule; with this they are one.
/// </summary>
internal sealed class MetricSet(MetricSchema schema, double[] values) : IReadOnlyDictionary<string, double>
{
    public static readonly MetricSet Empty = new(new MetricSchema([]), []);

    public MetricSchema Schema => schema;

    /// <summary>The numbers, in the order of the schema.</summary>
    public ReadOnlySpan<double> Numbers => values;

    public int Count => values.Length;

    public IEnumerable<string> Keys => schema.Names.ToArray();

    public IEnumerable<double> Values => values;

    public double this[string key] => schema.Find(key) is >= 0 and var place ? values[place] : throw new KeyNotFoundException($"There is no metric '{key}'.");

    public bool ContainsKey(string key) => schema.Find(key) >= 0;

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out double value)
    {
        var place = schema.Find(key);
        value = place < 0 ? default : values[place];
        return place >= 0;
    }

    public IEnumerator<KeyValuePair<string, double>> GetEnumerator()
    {
        for (var i = 0; i < values.Length; i++) yield return KeyValuePair.Create(schema.Names[i], values[i]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether both hold the same numbers under the same names.</summary>
    public static bool AreSame(IReadOnlyDictionary<string, double> one, IReadOnlyDictionary<string, double> other)
    {
        if (ReferenceEquals(one, other)) return true;
        if (one.Count != other.Count) return false;
        if (one is MetricSet a && other is MetricSet b && (ReferenceEquals(a.Schema, b.Schema) || a.Schema.Names.SequenceEqual(b.Schema.Names))) return a.Numbers.SequenceEqual(b.Numbers);
        foreach (var (name, value) in one)
        {
            if (!other.TryGetValue(name, out var known) || !known.Equals(value)) return false;
        }

        return true;
    }
}

/// <summary>Makes sets of metrics; those made one after the other share their names where they are the same. Not for several threads.</summary>
internal sealed class MetricSetMaker
{
    private MetricSchema _last = MetricSet.Empty.Schema;

    public MetricSet Make(IReadOnlyDictionary<string, double> values)
    {
        if (values is MetricSet made) return made;
        if (!_last.Is(values)) _last = new MetricSchema(values.Keys);
        return new MetricSet(_last, [.. values.Values]);
    }
}
