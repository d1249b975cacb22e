namespace Qmtl.Statistics.Tests;

public sealed class OverfitTests
{
    [Fact]
    public void Overfit_OneTrialIsReallyBetter_IsImprobable()
    {
        var noise = Noise(trials: 20, length: 400, seed: 3);
        ReadOnlyMemory<double>[] trials = [.. noise.Select((trial, i) => (ReadOnlyMemory<double>)trial.Select(r => r + (i == 7 ? 0.02 : 0)).ToArray())];

        var report = OverfitProbability.Of(trials)!.Value;

        Assert.Equal(252, report.Splits);
        Assert.True(report.Probability < 0.01, $"was {report.Probability}");
        Assert.True(report.MedianLogit > 2);
    }

    [Fact]
    public void Overfit_PureNoise_IsAboutEven()
    {
        var probabilities = Enumerable.Range(0, 30).Select(seed => OverfitProbability.Of([.. Noise(10, 200, seed).Select(trial => (ReadOnlyMemory<double>)trial)], 8)!.Value.Probability);

        Assert.InRange(probabilities.Average(), 0.35, 0.65);
    }

    [Fact]
    public void Overfit_IdenticalTrials_AreChance()
    {
        var one = Noise(1, 100, 1)[0];

        Assert.Equal(1, OverfitProbability.Of([one, one, one])!.Value.Probability);
    }

    [Fact]
    public void Overfit_ImpossibleArguments_AreRefused()
    {
        ReadOnlyMemory<double> one = Noise(1, 100, 1)[0];
        Assert.Throws<ArgumentException>(() => OverfitProbability.Of([one]));
        Assert.Throws<ArgumentException>(() => OverfitProbability.Of([one, one[1..]]));
        Assert.Throws<ArgumentOutOfRangeException>(() => OverfitProbability.Of([one, one], 7));
        Assert.Null(OverfitProbability.Of([one[..10], one[..10]]));
    }

    [Fact]
    public void Bootstrap_MeanOfNoise_CoversTheTruthAboutAsOftenAsItSays()
    {
        var covered = Noise(100, 200, 11).Count(sample => BlockBootstrap.Interval(sample, static s => Moments.Mean(s.Span), 400, meanBlock: 1, confidence: 0.9) is { Low: <= 0, High: >= 0 });

        Assert.InRange(covered, 80, 97);
    }

    [Fact]
    public void Bootstrap_DependentReturns_WidensWithLongerBlocks()
    {
        var random = new Random(5);
        var level = 0.0;
        double[] slow = [.. Enumerable.Range(0, 1000).Select(_ => level = (0.9 * level) + (random.NextDouble() - 0.5))];

        double Width(double block) => BlockBootstrap.Interval(slow, static s => Moments.Mean(s.Span), 500, block) is { } interval ? interval.High - interval.Low : 0;

        Assert.True(Width(40) > 2 * Width(1));
    }

    [Fact]
    public void Bootstrap_SameSeed_IsTheSameIntervalAndUndefinedIsNull()
    {
        var sample = Noise(1, 60, 2)[0];
        static double? Sharpe(ReadOnlyMemory<double> s) => ReturnStatistics.Sharpe(s.Span, 252);

        Assert.Equal(BlockBootstrap.Interval(sample, Sharpe, 200), BlockBootstrap.Interval(sample, Sharpe, 200));
        Assert.NotEqual(BlockBootstrap.Interval(sample, Sharpe, 200), BlockBootstrap.Interval(sample, Sharpe, 200, seed: 2));
        Assert.Equal(Sharpe(sample), BlockBootstrap.Interval(sample, Sharpe, 200)!.Value.Value);
        Assert.Null(BlockBootstrap.Interval(Array.Empty<double>(), Sharpe));
        Assert.Null(BlockBootstrap.Interval(new[] { 0.1, 0.1 }, Sharpe));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockBootstrap.Interval(sample, Sharpe, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockBootstrap.Interval(sample, Sharpe, 200, confidence: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockBootstrap.Interval(sample, Sharpe, 200, meanBlock: 0));
    }

    private static double[][] Noise(int trials, int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, trials).Select(_ => Enumerable.Range(0, length).Select(_ => (random.NextDouble() + random.NextDouble() - 1) / 50).ToArray())];
    }
}
