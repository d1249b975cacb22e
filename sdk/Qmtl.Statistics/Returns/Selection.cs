namespace Qmtl.Statistics;

/// <summary>Finds values by their place in the order, without ordering the rest: linear where a sort is not.</summary>
internal static class Selection
{
    // Below this many a sort is faster than another round of parting.
    private const int Few = 64;

    /// <summary>The value that would stand at <paramref name="place"/> if the values were sorted, and the one after it (itself, for the last). Reorders them.</summary>
    public static (double At, double Next) NeighboursAt(Span<double> values, int place)
    {
        if (!AllFinite(values))
        {
            values.Sort();
            return (values[place], values[Math.Min(place + 1, values.Length - 1)]);
        }

        var part = values;
        var target = place;
        var next = double.PositiveInfinity;

        // Values can be made such that every pivot is a bad one; after this many rounds what is left is sorted instead.
        for (var rounds = 2 * System.Numerics.BitOperations.Log2((uint)values.Length + 1); part.Length > Few && rounds > 0; rounds--)
        {
            var (below, above) = Part(part, Pivot(part));
            if (target < below)
            {
                next = part[below];
                part = part[..below];
            }
            else if (target >= above)
            {
                target -= above;
                part = part[above..];
            }
            else
            {
                var pivot = part[below];
                return (pivot, target + 1 < above ? pivot : Least(part[above..], next, pivot));
            }
        }

        part.Sort();
        return (part[target], target + 1 < part.Length ? part[target + 1] : double.IsPositiveInfinity(next) ? part[target] : next);
    }

    /// <summary>Parts the values: first those below the pivot, then its equals, then those above. The equals become one run, so that many of them cost one round.</summary>
    private static (int Below, int Above) Part(Span<double> values, double pivot)
    {
        var (below, at, above) = (0, 0, values.Length);
        while (at < above)
        {
            var value = values[at];
            if (value < pivot)
            {
                values[at++] = values[below];
                values[below++] = value;
            }
            else if (value > pivot)
            {
                values[at] = values[--above];
                values[above] = value;
            }
            else
            {
                at++;
            }
        }

        return (below, above);
    }

    private static bool AllFinite(ReadOnlySpan<double> values)
    {
        foreach (var value in values)
        {
            if (!double.IsFinite(value)) return false;
        }

        return true;
    }

    /// <summary>The middle one of three.</summary>
    private static double Pivot(ReadOnlySpan<double> values)
    {
        var (a, b, c) = (values[0], values[values.Length / 2], values[^1]);
        return Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
    }

    /// <summary>The least of the values; without any, the one known to follow them, or <paramref name="last"/> where nothing does.</summary>
    private static double Least(ReadOnlySpan<double> values, double following, double last)
    {
        var least = following;
        foreach (var value in values) least = Math.Min(least, value);
        return double.IsPositiveInfinity(least) ? last : least;
    }
}
