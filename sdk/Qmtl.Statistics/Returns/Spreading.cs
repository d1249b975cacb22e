namespace Qmtl.Statistics;

/// <summary>Count, mean and summed squared deviations of values, which can be merged (Chan, Golub and LeVeque 1979).</summary>
internal readonly record struct Spreading(int Count, double Mean, double Spread)
{
    public static Spreading Of(ReadOnlySpan<double> values)
    {
        var all = default(Spreading);
        foreach (var value in values) all = all.With(value);
        return all;
    }

    public Spreading With(double value)
    {
        var delta = value - Mean;
        var mean = Mean + (delta / (Count + 1));
        return new Spreading(Count + 1, mean, Spread + (delta * (value - mean)));
    }

    public Spreading With(Spreading other)
    {
        var count = Count + other.Count;
        if (count == 0) return this;
        var delta = other.Mean - Mean;
        return new Spreading(count, Mean + (delta * other.Count / count), Spread + other.Spread + (delta * delta * Count * other.Count / count));
    }
}
