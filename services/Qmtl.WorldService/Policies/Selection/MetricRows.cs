using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The metrics that the policy reads, one row a candidate; NaN for one that is missing.</summary>
internal sealed class MetricRows
{
    private readonly double[] _values;
    private readonly int _width;

    public MetricRows(MetricSlots slots, Candidate[] candidates)
    {
        var names = slots.Names.ToArray();
        _width = names.Length;
        _values = new double[candidates.Length * _width];
        var at = 0;
        foreach (var candidate in candidates)
        {
            var metrics = candidate.Metrics;
            foreach (var name in names) _values[at++] = metrics.TryGetValue(name, out var value) ? value : double.NaN;
        }
    }

    public ReadOnlySpan<double> Of(int index) => _values.AsSpan(index * _width, _width);
}
