using System.Collections.ObjectModel;

namespace Qmtl.Strategies;

/// <summary>The distance from the mean of the present members.</summary>
internal sealed class DemeanKernel(IReadOnlyList<string> members) : CrossSectionKernel(members)
{
    internal override NodeCode Code => NodeCode.BuiltIn("cross_demean");

    protected override void Apply(ReadOnlySpan<double> values, Span<double> results, Span<double> scratch)
    {
        var mean = CrossMean.Of(values);
        for (var i = 0; i < results.Length; i++) results[i] = Missing.UnlessFinite(values[i] - mean);
    }
}

/// <summary>The distance from the mean in population standard deviations; missing when all present members are equal.</summary>
internal sealed class CrossZScoreKernel(IReadOnlyList<string> members) : CrossSectionKernel(members)
{
    internal override NodeCode Code => NodeCode.BuiltIn("cross_zscore");

    protected override void Apply(ReadOnlySpan<double> values, Span<double> results, Span<double> scratch)
    {
        // The mean of equal numbers may be off by rounding, so that the deviation would be tiny instead of zero: compare, don't compute.
        if (values.IndexOfAnyExcept(values[0]) < 0)
        {
            results.Fill(double.NaN);
            return;
        }

        var mean = CrossMean.Of(values);
        var squares = 0.0;
        foreach (var value in values) squares += (value - mean) * (value - mean);
        var deviation = Math.Sqrt(squares / values.Length);
        for (var i = 0; i < results.Length; i++) results[i] = Missing.UnlessFinite((values[i] - mean) / deviation);
    }
}

/// <summary>The value, but not beyond two quantiles of the present members (linear between neighbours).</summary>
internal sealed class WinsorizeKernel(IReadOnlyList<string> members, double lower, double upper) : CrossSectionKernel(members)
{
    internal override NodeCode Code => NodeCode.BuiltIn("cross_winsorize");

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new ReadOnlyDictionary<string, object>(new Dictionary<string, object>(StringComparer.Ordinal) { ["lower"] = lower, ["upper"] = upper });

    protected override int ScratchRows => 1;

    protected override void Apply(ReadOnlySpan<double> values, Span<double> results, Span<double> scratch)
    {
        var sorted = scratch[..values.Length];
        values.CopyTo(sorted);
        sorted.Sort();
        var low = Quantile(sorted, lower);
        var high = Quantile(sorted, upper);
        for (var i = 0; i < results.Length; i++) results[i] = Math.Min(Math.Max(values[i], low), high);
    }

    private static double Quantile(ReadOnlySpan<double> sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var at = (int)position;
        if (at == sorted.Length - 1) return sorted[at];
        var part = position - at;
        // Weighted so that neither far-apart neighbours nor equal ones leave the range between them.
        return sorted[at] == sorted[at + 1] ? sorted[at] : (sorted[at] * (1 - part)) + (sorted[at + 1] * part);
    }
}

/// <summary>The mean of present values, added in the order of the members.</summary>
internal static class CrossMean
{
    public static double Of(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values) sum += value;
        return sum / values.Length;
    }
}
