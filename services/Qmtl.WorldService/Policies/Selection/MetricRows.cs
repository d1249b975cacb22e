using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The metrics that the policy reads, one row a candidate; NaN for one that is missing.</summary>
internal sealed class MetricRows
{
    // Rows of 20,000 candidates in one piece would be a large object, and every few evaluations of those a full collection.
    private const int NumbersPerBlock = 8_192;

    private readonly double[][] _blocks;
    private readonly int _width;
    private readonly int _rowsPerBlock;

    public MetricRows(MetricSlots slots, Candidate[] candidates)
    {
        var names = slots.Names.ToArray();
        _width = names.Length;
        _rowsPerBlock = Math.Max(1, NumbersPerBlock / Math.Max(1, _width));
        _blocks = new double[(candidates.Length + _rowsPerBlock - 1) / _rowsPerBlock][];
        MetricSchema? schema = null;
        var places = new int[names.Length];
        for (var block = 0; block < _blocks.Length; block++)
        {
            var members = candidates.AsSpan(block * _rowsPerBlock, Math.Min(_rowsPerBlock, candidates.Length - (block * _rowsPerBlock)));
            var values = _blocks[block] = new double[members.Length * _width];
            var at = 0;
            foreach (var candidate in members)
            {
                if (candidate.Metrics is MetricSet set)
                {
                    if (!ReferenceEquals(set.Schema, schema)) Find(names, schema = set.Schema, places);
                    foreach (var place in places) values[at++] = place < 0 ? double.NaN : set.Numbers[place];
                }
                else
                {
                    foreach (var name in names) values[at++] = candidate.Metrics.TryGetValue(name, out var value) ? value : double.NaN;
                }
            }
        }
    }

    public ReadOnlySpan<double> Of(int index)
    {
        var (block, row) = Math.DivRem(index, _rowsPerBlock);
        return _blocks[block].AsSpan(row * _width, _width);
    }

    private static void Find(string[] names, MetricSchema schema, int[] places)
    {
        for (var i = 0; i < names.Length; i++) places[i] = schema.Find(names[i]);
    }
}
