namespace Qmtl.Statistics;

/// <summary>How likely the best of many trials was chosen for its luck.</summary>
/// <param name="Probability">Share of the splits in which the best trial in sample lies at or below the median out of sample: 0 to 1, below 0.1 is good.</param>
/// <param name="Splits">How many splits were judged.</param>
/// <param name="MedianLogit">Median of ln(ω / (1 − ω)), ω being the relative rank out of sample of the trial that was best in sample.</param>
public readonly record struct OverfitReport(double Probability, int Splits, double MedianLogit);

/// <summary>Probability of backtest overfitting by combinatorially symmetric cross-validation.</summary>
/// <remarks>Bailey, Borwein, López de Prado and Zhu, "The Probability of Backtest Overfitting" (2015).</remarks>
public static class OverfitProbability
{
    /// <summary>
    /// Cuts time into <paramref name="blocks"/> parts; every half of them is once the sample in which the trial with the best Sharpe ratio is chosen, the rest
    /// the one in which its rank is looked up.
    /// </summary>
    /// <param name="trials">Returns of each trial over the same bars, at least two; they must be finite.</param>
    /// <param name="blocks">An even number from 4 to 16; more are slower: 16 give 12,870 splits.</param>
    /// <returns>Null when there are fewer than two bars a block.</returns>
    public static OverfitReport? Of(IReadOnlyList<ReadOnlyMemory<double>> trials, int blocks = 10)
    {
        ArgumentNullException.ThrowIfNull(trials);
        if (trials.Count < 2) throw new ArgumentException($"It takes at least two trials, was given {trials.Count}.", nameof(trials));
        if (blocks is < 4 or > 16 || blocks % 2 != 0) throw new ArgumentOutOfRangeException(nameof(blocks), blocks, "The number of blocks must be even, from 4 to 16.");
        var length = trials[0].Length;
        if (trials.Any(trial => trial.Length != length)) throw new ArgumentException("All trials must have the same bars.", nameof(trials));
        if (length < 2 * blocks) return null;

        Spreading[][] parts = [.. trials.Select(trial => Enumerable.Range(0, blocks).Select(block => Part(trial.Span, block, blocks)).ToArray())];
        var logits = new List<double>();
        for (var mask = 0; mask < 1 << blocks; mask++)
        {
            if (int.PopCount(mask) == blocks / 2) logits.Add(Logit(parts, mask));
        }

        return new OverfitReport((double)logits.Count(logit => logit <= 0) / logits.Count, logits.Count, Moments.Quantile(logits.ToArray(), 0.5)!.Value);
    }

    private static Spreading Part(ReadOnlySpan<double> returns, int block, int blocks) =>
        Spreading.Of(returns[(int)((long)returns.Length * block / blocks)..(int)((long)returns.Length * (block + 1) / blocks)]);

    private static double Logit(Spreading[][] trials, int inSample)
    {
        var best = 0;
        var bestSharpe = double.NegativeInfinity;
        var outside = new double[trials.Length];
        for (var i = 0; i < trials.Length; i++)
        {
            var sharpe = Sharpe(trials[i], inSample);
            outside[i] = Sharpe(trials[i], ~inSample);
            if (sharpe > bestSharpe) (best, bestSharpe) = (i, sharpe);
        }

        // Ties share their mean rank, so that identical trials look like chance and not like skill.
        var rank = outside.Count(value => value < outside[best]) + ((outside.Count(value => value.Equals(outside[best])) + 1) / 2.0);
        var relative = rank / (trials.Length + 1);
        return Math.Log(relative / (1 - relative));
    }

    private static double Sharpe(Spreading[] parts, int mask)
    {
        var chosen = default(Spreading);
        for (var block = 0; block < parts.Length; block++)
        {
            if ((mask >> block & 1) != 0) chosen = chosen.With(parts[block]);
        }

        // A trial that never trades is neither good nor bad.
        return chosen.Spread > 0 ? chosen.Mean / Math.Sqrt(chosen.Spread / (chosen.Count - 1)) : 0;
    }
}
