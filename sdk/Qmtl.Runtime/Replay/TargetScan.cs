using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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
    /// <summary>Values looked at as one: as many as a word has bits.</summary>
    private const int Word = 64;

    private const int Lanes = 4;
    private const uint AllLanes = (1U << Lanes) - 1;

    private readonly double[] _seen = new double[graph.Targets.Count];
    private Decision[] _found = new Decision[64];
    private Decision[] _ordered = [];
    private int[] _startOf = [];
    private int _count;

    /// <summary>The decisions of the bars that <paramref name="run"/> computed last: by bar, then in the order of the targets.</summary>
    /// <param name="run">The run.</param>
    /// <param name="times">The times of those bars.</param>
    public ReadOnlySpan<Decision> Read(PlanRun run, ReadOnlySpan<long> times)
    {
        _count = 0;
        for (var target = 0; target < _seen.Length; target++) Scan(run.Values(ordinal, graph.Targets[target].Index)[..times.Length], target);
        var decisions = _seen.Length == 1 ? _found.AsSpan(0, _count) : OrderByBar(times.Length);
        // A loop of nothing else: many of these wait for memory at once, where a trade would wait for each alone.
        foreach (ref var decision in decisions) decision = decision with { Time = times[decision.Bar] };
        return decisions;
    }

    private void Scan(ReadOnlySpan<double> values, int target)
    {
        var seen = _seen[target];
        var bar = 0;
        for (; bar + Word <= values.Length; bar += Word)
        {
            for (var changes = ChangesOf(values.Slice(bar, Word), ref seen); changes != 0; changes &= changes - 1)
            {
                var at = bar + BitOperations.TrailingZeroCount(changes);
                Found(at, target, values[at]);
            }
        }

        for (; bar < values.Length; bar++)
        {
            if (!Differs(values[bar], seen)) continue;
            seen = values[bar];
            Found(bar, target, seen);
        }

        _seen[target] = seen;
    }

    private void Found(int bar, int target, double weight)
    {
        if (_count == _found.Length) Array.Resize(ref _found, _count * 2);
        _found[_count++] = new Decision(bar, target, weight, Time: 0);
    }

    // A bit for each of 64 values that changes what was seen before it. Without a missing value that is the neighbour, so that no value waits for the one before.
    private static ulong ChangesOf(ReadOnlySpan<double> values, ref double seen)
    {
        ref var first = ref MemoryMarshal.GetReference(values);
        ulong changes = 0, missing = 0;
        for (var i = Word - Lanes; i >= Lanes; i -= Lanes)
        {
            var now = Vector256.LoadUnsafe(ref first, (nuint)i);
            changes = (changes << Lanes) | ~Vector256.Equals(now, Vector256.LoadUnsafe(ref first, (nuint)i - 1)).ExtractMostSignificantBits() & AllLanes;
            missing |= ~Vector256.Equals(now, now).ExtractMostSignificantBits() & AllLanes;
        }

        var before = seen;
        for (var i = Lanes - 1; i >= 0; i--)
        {
            missing |= double.IsNaN(values[i]) ? 1UL : 0;
            changes = (changes << 1) | (Differs(values[i], i == 0 ? before : values[i - 1]) ? 1UL : 0);
        }

        if (missing != 0) return ChangesOneByOne(values, ref seen);
        seen = values[^1];
        return changes;
    }

    private static ulong ChangesOneByOne(ReadOnlySpan<double> values, ref double seen)
    {
        var changes = 0UL;
        for (var i = 0; i < values.Length; i++)
        {
            if (!Differs(values[i], seen)) continue;
            seen = values[i];
            changes |= 1UL << i;
        }

        return changes;
    }

    // A missing value is neither less nor greater: it says nothing.
    private static bool Differs(double value, double seen) => value < seen || value > seen;

    // Counting by bar keeps the order of the targets within one, and needs no comparison.
    private Span<Decision> OrderByBar(int length)
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
