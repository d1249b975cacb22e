using System.Numerics;
using System.Runtime.InteropServices;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>A bar of a block on which a target differs from what it was before.</summary>
/// <param name="Bar">Position in the block.</param>
/// <param name="Target">Position of the target in the graph.</param>
/// <param name="Weight">The new value; never missing.</param>
/// <param name="Time">The bar's time.</param>
internal readonly record struct Decision(int Bar, int Target, double Weight, long Time);

/// <summary>Finds the decisions of a block, so that the bars between them need no look at their targets.</summary>
/// <param name="graph">The strategy's graph.</param>
/// <param name="ordinal">Its place in the plan that computes it.</param>
internal sealed class TargetScan(StrategyGraph graph, int ordinal)
{
    private readonly double[] _seen = new double[graph.Targets.Count];
    private Decision[] _found = new Decision[64];
    private Decision[] _ordered = [];
    private int[] _startOf = [];
    private int _count;

    /// <summary>The decisions of the bars that <paramref name="run"/> computed last: by bar, then in the order of the targets.</summary>
    /// <param name="run">The run.</param>
    /// <param name="times">The times of those bars. Looked up here, one after the other: by the time a decision is taken they have come out of memory.</param>
    public ReadOnlySpan<Decision> Read(PlanRun run, ReadOnlySpan<long> times)
    {
        _count = 0;
        for (var target = 0; target < _seen.Length; target++) Scan(run.Values(ordinal, graph.Targets[target].Index)[..times.Length], times, target);
        return _seen.Length == 1 ? _found.AsSpan(0, _count) : OrderByBar(times.Length);
    }

    private void Scan(ReadOnlySpan<double> values, ReadOnlySpan<long> times, int target)
    {
        var seen = _seen[target];
        for (var bar = NextChange(values, 0, seen); bar < values.Length; bar = NextChange(values, bar + 1, seen))
        {
            seen = values[bar];
            if (_count == _found.Length) Array.Resize(ref _found, _count * 2);
            _found[_count++] = new Decision(bar, target, seen, times[bar]);
        }

        _seen[target] = seen;
    }

    private static int NextChange(ReadOnlySpan<double> values, int from, double seen)
    {
        var repeated = new Vector<double>(seen);
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values[from..]);
        var skipped = 0;
        while (skipped < vectors.Length && !Differs(vectors[skipped], repeated)) skipped++;
        for (var i = from + (skipped * Vector<double>.Count); i < values.Length; i++)
        {
            // A missing value is neither less nor greater: it says nothing.
            if (values[i] < seen || values[i] > seen) return i;
        }

        return values.Length;
    }

    private static bool Differs(Vector<double> values, Vector<double> seen) =>
        Vector.BitwiseOr(Vector.LessThan(values, seen), Vector.GreaterThan(values, seen)) != Vector<long>.Zero;

    // Counting by bar keeps the order of the targets within one, and needs no comparison.
    private ReadOnlySpan<Decision> OrderByBar(int length)
    {
        if (_startOf.Length < length) _startOf = new int[length];
        if (_ordered.Length < _count) _ordered = new Decision[_found.Length];
        var startOf = _startOf.AsSpan(0, length);
        startOf.Clear();
        foreach (var decision in _found.AsSpan(0, _count)) startOf[decision.Bar]++;
        var at = 0;
        for (var bar = 0; bar < length; bar++)
        {
            var here = startOf[bar];
            startOf[bar] = at;
            at += here;
        }

        foreach (var decision in _found.AsSpan(0, _count)) _ordered[startOf[decision.Bar]++] = decision;
        return _ordered.AsSpan(0, _count);
    }
}
