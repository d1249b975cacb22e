namespace Qmtl.WorldService.Evaluation.Layers;

/// <summary>What a strategy adds to the risk of the portfolio it joins or belongs to.</summary>
/// <param name="ValueAtRisk">Added value at risk (99 %), as a fraction of equity.</param>
/// <param name="ExpectedShortfall">Added expected shortfall (99 %), as a fraction of equity.</param>
internal readonly record struct IncrementalRisk(double ValueAtRisk, double ExpectedShortfall)
{
    // The normal distribution's 99 % quantile, rounded as risk departments quote it, and its usual tail ratio.
    private const double Quantile99 = 2.33;
    private const double ShortfallOverValueAtRisk = 1.2;

    /// <summary>
    /// VaR = 2.33·√(wᵀΣw) with the candidate, minus the same without it; ES = 1.2·VaR. With: the portfolio's weights when the
    /// candidate is among them, else theirs scaled to 1 − c beside its own c. Without: the others scaled to what all weigh together.
    /// </summary>
    /// <param name="weights">Weights of the portfolio, by strategy.</param>
    /// <param name="covariance">Covariance of two strategies' returns of one period, in either order; null when not known.</param>
    /// <param name="candidateWeight">c for a candidate that the portfolio does not hold, 0 to 1; null takes 1 / (n + 1).</param>
    /// <returns>Null when a covariance that is needed is not known: it is not taken for zero.</returns>
    public static IncrementalRisk? Of(IReadOnlyDictionary<string, double> weights, Func<string, string, double?> covariance, string candidate, double? candidateWeight = null)
    {
        var others = weights.Where(pair => pair.Value != 0 && !string.Equals(pair.Key, candidate, StringComparison.Ordinal)).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToArray();
        var held = weights.GetValueOrDefault(candidate);
        var own = held != 0 ? held : candidateWeight ?? 1.0 / (others.Length + 1);
        var sum = others.Sum(pair => pair.Value);
        if (others.Length > 0 && sum == 0) return null;

        var total = sum + held;
        string[] names = [.. others.Select(pair => pair.Key), candidate];
        double[] without = [.. others.Select(pair => pair.Value / sum * total), 0];
        double[] with = [.. others.Select(pair => held != 0 ? pair.Value : pair.Value * (1 - own)), own];
        if (Deviation(names, with, covariance) is not { } after || Deviation(names, without, covariance) is not { } before) return null;
        var added = Quantile99 * (after - before);
        return new IncrementalRisk(added, added * ShortfallOverValueAtRisk);
    }

    /// <summary>√(wᵀΣw); null when an entry is missing or the matrix is not one of covariances.</summary>
    private static double? Deviation(string[] names, double[] weights, Func<string, string, double?> covariance)
    {
        var variance = 0.0;
        for (var i = 0; i < names.Length; i++)
        {
            if (weights[i] == 0) continue;
            for (var j = i; j < names.Length; j++)
            {
                if (weights[j] == 0) continue;
                if (covariance(names[i], names[j]) is not { } entry) return null;
                variance += weights[i] * weights[j] * entry * (i == j ? 1 : 2);
            }
        }

        return variance >= 0 && double.IsFinite(variance) ? Math.Sqrt(variance) : null;
    }
}
