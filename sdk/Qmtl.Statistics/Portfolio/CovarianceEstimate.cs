namespace Qmtl.Statistics;

/// <summary>Towards what a sample covariance is drawn.</summary>
public enum ShrinkageTarget
{
    /// <summary>Not at all: the sample covariance.</summary>
    None,

    /// <summary>Equal variances, no correlation: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices" (2004).</summary>
    Identity,

    /// <summary>The sample's variances, one correlation for all pairs: Ledoit and Wolf, "Honey, I Shrunk the Sample Covariance Matrix" (2004).</summary>
    ConstantCorrelation,
}

/// <summary>A covariance of per-period returns and how it was found.</summary>
/// <param name="Matrix">Symmetric, in squared returns of one period.</param>
/// <param name="Shrinkage">Weight of the target, 0 (the sample alone) to 1.</param>
/// <param name="Observations">Periods it rests on.</param>
public sealed record CovarianceEstimate(double[,] Matrix, double Shrinkage, int Observations);

/// <summary>Estimates covariances from series of returns.</summary>
/// <remarks>
/// Moments are divided by the number of observations T, as both papers do. A sample covariance of N series has rank T − 1 at most and its small eigenvalues are
/// too small long before that; optimisers put their largest weights exactly there. Shrinkage with the intensity that minimises the expected squared error keeps
/// the estimate well conditioned even for N above T.
/// </remarks>
public static class CovarianceEstimator
{
    /// <summary>Fewest observations from which a covariance is estimated.</summary>
    public const int MinObservations = 20;

    /// <summary>Estimates a covariance.</summary>
    /// <param name="series">Returns of each asset over the same periods, finite.</param>
    /// <param name="target">Towards what to shrink.</param>
    /// <exception cref="PortfolioException">
    /// There are fewer than <see cref="MinObservations"/> periods, or, without shrinkage, fewer than two per asset; lengths differ; a value is not finite; a series
    /// does not move.
    /// </exception>
    public static CovarianceEstimate Estimate(IReadOnlyList<ReadOnlyMemory<double>> series, ShrinkageTarget target = ShrinkageTarget.ConstantCorrelation)
    {
        ArgumentNullException.ThrowIfNull(series);
        var observations = Check(series, target);
        var centred = Centre(series, observations);
        var sample = Sample(centred, observations);
        for (var i = 0; i < series.Count; i++)
        {
            // Rounding leaves a trace of variance in a constant series; the scale of its values tells the two apart.
            var scale = MaxMagnitude(series[i].Span);
            if (!(sample[i, i] > scale * scale * 1e-24)) throw new PortfolioException(PortfolioFault.NoVariance, $"Series {i} does not move; its risk is unknown.", i);
        }

        return target switch
        {
            ShrinkageTarget.Identity => TowardsIdentity(centred, sample, observations),
            ShrinkageTarget.ConstantCorrelation when series.Count > 1 => TowardsConstantCorrelation(centred, sample, observations),
            _ => new CovarianceEstimate(sample, 0, observations),
        };
    }

    private static int Check(IReadOnlyList<ReadOnlyMemory<double>> series, ShrinkageTarget target)
    {
        if (series.Count == 0) throw new PortfolioException(PortfolioFault.InvalidInput, "There is no series.");
        var observations = series[0].Length;
        for (var i = 0; i < series.Count; i++)
        {
            if (series[i].Length != observations)
                throw new PortfolioException(PortfolioFault.InvalidInput, $"Series {i} has {series[i].Length} returns and series 0 has {observations}; they must cover the same periods.", i);
            foreach (var value in series[i].Span)
            {
                if (!double.IsFinite(value)) throw new PortfolioException(PortfolioFault.InvalidInput, $"Series {i} holds a value that is not finite.", i);
            }
        }

        var needed = target is ShrinkageTarget.None ? Math.Max(MinObservations, 2 * series.Count) : MinObservations;
        if (observations < needed)
            throw new PortfolioException(PortfolioFault.TooLittleData, $"{observations} returns for each of {series.Count} series are too few; it takes {needed}{(target is ShrinkageTarget.None ? " without shrinkage" : "")}.");
        return observations;
    }

    private static double[][] Centre(IReadOnlyList<ReadOnlyMemory<double>> series, int observations)
    {
        var centred = new double[series.Count][];
        for (var i = 0; i < series.Count; i++)
        {
            var values = series[i].ToArray();
            var mean = values.Sum() / observations;
            for (var t = 0; t < observations; t++) values[t] -= mean;
            centred[i] = values;
        }

        return centred;
    }

    private static double[,] Sample(double[][] centred, int observations)
    {
        var sample = new double[centred.Length, centred.Length];
        for (var i = 0; i < centred.Length; i++)
        {
            for (var j = 0; j <= i; j++) sample[i, j] = sample[j, i] = Dot(centred[i], centred[j]) / observations;
        }

        return sample;
    }

    private static CovarianceEstimate TowardsIdentity(double[][] centred, double[,] sample, int observations)
    {
        var count = centred.Length;
        var mean = 0.0;
        for (var i = 0; i < count; i++) mean += sample[i, i] / count;
        var (distance, noise) = (0.0, 0.0);
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < count; j++)
            {
                var gap = sample[i, j] - (i == j ? mean : 0);
                distance += gap * gap;
                noise += SquaredError(centred[i], centred[j], sample[i, j]) / observations;
            }
        }

        var shrinkage = distance > 0 ? Math.Clamp(noise / observations / distance, 0, 1) : 1;
        return Mix(sample, shrinkage, observations, (i, j) => i == j ? mean : 0);
    }

    private static CovarianceEstimate TowardsConstantCorrelation(double[][] centred, double[,] sample, int observations)
    {
        var count = centred.Length;
        var deviations = new double[count];
        for (var i = 0; i < count; i++) deviations[i] = Math.Sqrt(sample[i, i]);
        var average = 0.0;
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < i; j++) average += sample[i, j] / (deviations[i] * deviations[j]);
        }

        average /= count * (count - 1) / 2.0;
        double Target(int i, int j) => i == j ? sample[i, i] : average * deviations[i] * deviations[j];
        var (noise, shared, misfit) = (0.0, 0.0, 0.0);
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < count; j++)
            {
                var error = SquaredError(centred[i], centred[j], sample[i, j]) / observations;
                noise += error;
                shared += i == j ? error : average * deviations[j] / deviations[i] * CrossError(centred[i], centred[j], sample[i, i], sample[i, j]) / observations;
                var gap = Target(i, j) - sample[i, j];
                misfit += gap * gap;
            }
        }

        // Two assets have one correlation, so target and sample agree and there is nothing to shrink.
        var scale = sample[0, 0] * sample[0, 0];
        var shrinkage = misfit > scale * 1e-24 ? Math.Clamp((noise - shared) / misfit / observations, 0, 1) : 0;
        return Mix(sample, shrinkage, observations, Target);
    }

    private static CovarianceEstimate Mix(double[,] sample, double shrinkage, int observations, Func<int, int, double> target)
    {
        var count = sample.GetLength(0);
        var mixed = new double[count, count];
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j <= i; j++) mixed[i, j] = mixed[j, i] = (shrinkage * target(i, j)) + ((1 - shrinkage) * sample[i, j]);
        }

        return new CovarianceEstimate(mixed, shrinkage, observations);
    }

    /// <summary>Σ (x·y − s)².</summary>
    private static double SquaredError(double[] x, double[] y, double covariance)
    {
        var sum = 0.0;
        for (var t = 0; t < x.Length; t++)
        {
            var error = (x[t] * y[t]) - covariance;
            sum += error * error;
        }

        return sum;
    }

    /// <summary>Σ (x² − v)·(x·y − s).</summary>
    private static double CrossError(double[] x, double[] y, double variance, double covariance)
    {
        var sum = 0.0;
        for (var t = 0; t < x.Length; t++) sum += ((x[t] * x[t]) - variance) * ((x[t] * y[t]) - covariance);
        return sum;
    }

    private static double MaxMagnitude(ReadOnlySpan<double> values)
    {
        var most = 0.0;
        foreach (var value in values) most = Math.Max(most, Math.Abs(value));
        return most;
    }

    private static double Dot(double[] x, double[] y)
    {
        var sum = 0.0;
        for (var t = 0; t < x.Length; t++) sum += x[t] * y[t];
        return sum;
    }
}
