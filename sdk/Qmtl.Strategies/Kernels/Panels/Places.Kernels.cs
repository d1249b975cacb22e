using System.Collections.ObjectModel;

namespace Qmtl.Strategies;

/// <summary>What follows from the places of the members among each other.</summary>
internal abstract class PlacesKernel(IReadOnlyList<string> members) : CrossSectionKernel(members)
{
    protected sealed override int ScratchRows => 4;

    protected sealed override void Apply(ReadOnlySpan<double> values, Span<double> results, Span<double> scratch)
    {
        var row = scratch.Length / ScratchRows;
        var below = scratch[..values.Length];
        var upTo = scratch.Slice(row, values.Length);
        Places.Count(values, below, upTo, scratch[(2 * row)..]);
        Apply(below, upTo, results);
    }

    protected abstract void Apply(ReadOnlySpan<double> below, ReadOnlySpan<double> upTo, Span<double> results);
}

/// <summary>The rank from 0 (lowest) to 1 (highest); equal values share the mean of their ranks; 0.5 when there is only one.</summary>
/// <remarks>(mean rank - 1) / (n - 1) over the n present members. Every step before the division is exact, so the order of the members does not matter.</remarks>
internal sealed class RankKernel(IReadOnlyList<string> members) : PlacesKernel(members)
{
    internal override NodeCode Code => NodeCode.BuiltIn("cross_rank");

    protected override void Apply(ReadOnlySpan<double> below, ReadOnlySpan<double> upTo, Span<double> results)
    {
        var steps = 2.0 * (results.Length - 1);
        for (var i = 0; i < results.Length; i++) results[i] = steps == 0 ? 0.5 : (below[i] + upTo[i] - 1) / steps;
    }
}

/// <summary>The bucket from 0 (lowest) to n - 1: floor(n x how many are smaller / how many there are). Equal values share a bucket.</summary>
internal sealed class QuantileBucketKernel(IReadOnlyList<string> members, int buckets) : PlacesKernel(members)
{
    internal override NodeCode Code => NodeCode.BuiltIn("cross_quantile");

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new ReadOnlyDictionary<string, object>(new Dictionary<string, object>(StringComparer.Ordinal) { ["buckets"] = buckets });

    protected override void Apply(ReadOnlySpan<double> below, ReadOnlySpan<double> upTo, Span<double> results)
    {
        for (var i = 0; i < results.Length; i++) results[i] = Math.Floor(buckets * below[i] / results.Length);
    }
}

/// <summary>1 for the n members with the highest values (or the lowest), 0 for the others. Of equal values at the edge the earlier members are in.</summary>
internal sealed class ExtremesKernel(IReadOnlyList<string> members, int count, bool highest) : PlacesKernel(members)
{
    internal override NodeCode Code => NodeCode.BuiltIn(highest ? "cross_top" : "cross_bottom");

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new ReadOnlyDictionary<string, object>(new Dictionary<string, object>(StringComparer.Ordinal) { ["count"] = count });

    protected override void Apply(ReadOnlySpan<double> below, ReadOnlySpan<double> upTo, Span<double> results)
    {
        // Only one group of equal values can lie across the edge; its members are let in until the places are taken.
        var letIn = 0;
        for (var i = 0; i < results.Length; i++)
        {
            var ahead = highest ? results.Length - upTo[i] : below[i];
            var equal = upTo[i] - below[i];
            if (ahead + equal <= count) results[i] = 1;
            else if (ahead >= count) results[i] = 0;
            else results[i] = ahead + letIn++ < count ? 1 : 0;
        }
    }
}
