namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>Measures of the selected strategies taken together. They stand beside each strategy's own and never in their place. Pure.</summary>
internal static class PortfolioMeasures
{
    private const string Prefix = "portfolio_";

    /// <summary>Linearity of the equally weighted selection; empty unless every selected strategy has a series and all are equally long.</summary>
    public static IReadOnlyDictionary<string, double> Compute(IReadOnlyList<string> active, IReadOnlyDictionary<string, StrategyReturns> series)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        if (active.Count == 0 || series.Count < active.Count) return values;
        double[]? together = null;
        foreach (var strategy in active)
        {
            if (!series.TryGetValue(strategy, out var one) || (together ??= new double[one.Values.Length]).Length != one.Values.Length) return values;
            for (var i = 0; i < together.Length; i++) together[i] += one.Values[i] / active.Count;
        }

        SeriesMeasures.AddLinearity(values, Prefix, together);
        return values;
    }
}
