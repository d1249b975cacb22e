using System.Numerics;

namespace Qmtl.Data;

/// <summary>What generated bars look like.</summary>
public sealed record SyntheticOptions
{
    /// <summary>The instrument.</summary>
    public string Instrument { get; init; } = "SYN";

    /// <summary>How many bars.</summary>
    public int Count { get; init; } = 10_000;

    /// <summary>Seconds between bars, 1 to 86400.</summary>
    public int IntervalSeconds { get; init; } = 60;

    /// <summary>The time of the first bar.</summary>
    public DateTimeOffset Start { get; init; } = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Equal seeds give equal bars, on every machine.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The first open.</summary>
    public double Price { get; init; } = 100;

    /// <summary>Standard deviation of a bar's return, below 0.1.</summary>
    public double Volatility { get; init; } = 0.001;

    /// <summary>Mean of a bar's return.</summary>
    public double Drift { get; init; }

    /// <summary>Decimals that prices are rounded to, 0 to 8.</summary>
    public int Decimals { get; init; } = 2;
}

/// <summary>A seeded random walk as bars.</summary>
/// <remarks>
/// Only additions, multiplications and roundings of doubles are used, no library function whose last bit differs between platforms: a seed names the
/// same data everywhere. A bar is a walk of four steps, so that high and low come from a path rather than from a formula.
/// </remarks>
public static class SyntheticBars
{
    private const int StepsPerBar = 4;

    /// <summary>Generates bars.</summary>
    /// <exception cref="Identity.RefusalException">An option is out of its range.</exception>
    public static BarSeries Generate(SyntheticOptions options)
    {
        Check(options);
        var random = new Xoshiro(options.Seed);
        var start = BarTime.FromDateTimeOffset(options.Start);
        var times = new long[options.Count];
        var (open, high, low, close, volume) = (new double[options.Count], new double[options.Count], new double[options.Count], new double[options.Count], new double[options.Count]);
        var price = options.Price;
        var tick = 1.0;
        for (var i = 0; i < options.Decimals; i++) tick /= 10;
        // Variance adds up over the steps, so each has half the deviation of the bar.
        var (stepDeviation, stepDrift) = (options.Volatility / 2, options.Drift / StepsPerBar);

        for (var i = 0; i < options.Count; i++)
        {
            times[i] = start + (i * (long)options.IntervalSeconds * BarTime.NanosecondsPerSecond);
            var (first, top, bottom) = (price, price, price);
            for (var step = 0; step < StepsPerBar; step++)
            {
                price = Math.Max(tick, price * (1 + stepDrift + (stepDeviation * random.NextNormal())));
                top = Math.Max(top, price);
                bottom = Math.Min(bottom, price);
            }

            open[i] = Math.Round(first, options.Decimals);
            high[i] = Math.Round(top, options.Decimals);
            low[i] = Math.Round(bottom, options.Decimals);
            close[i] = Math.Round(price, options.Decimals);
            volume[i] = Math.Round(1 + (999 * random.NextUnit()), 3);
        }

        return new BarSeries(options.Instrument, times, new Dictionary<string, double[]>(StringComparer.Ordinal)
        {
            ["open"] = open,
            ["high"] = high,
            ["low"] = low,
            ["close"] = close,
            ["volume"] = volume,
        });
    }

    private static void Check(SyntheticOptions options)
    {
        DataRefusal.Require(options.Count is >= 1 and <= 100_000_000, "count", "must be 1..100000000", options.Count);
        DataRefusal.Require(options.IntervalSeconds is >= 1 and <= 86_400, "interval", "must be 1..86400 seconds", options.IntervalSeconds);
        DataRefusal.Require(options.Price is > 0 and <= 1e9, "price", "must be above 0 and at most 1e9", options.Price);
        DataRefusal.Require(options.Volatility is >= 0 and < 0.1, "volatility", "must be 0 or more and below 0.1 a bar", options.Volatility);
        DataRefusal.Require(Math.Abs(options.Drift) < 0.1, "drift", "must be within +-0.1 a bar", options.Drift);
        DataRefusal.Require(options.Decimals is >= 0 and <= 8, "decimals", "must be 0..8", options.Decimals);
    }

    /// <summary>xoshiro256** seeded by splitmix64: public algorithms with published outputs.</summary>
    private sealed class Xoshiro
    {
        private ulong _a, _b, _c, _d;

        public Xoshiro(ulong seed)
        {
            _a = SplitMix(ref seed);
            _b = SplitMix(ref seed);
            _c = SplitMix(ref seed);
            _d = SplitMix(ref seed);
        }

        public double NextUnit() => (Next() >> 11) * (1.0 / (1UL << 53));

        /// <summary>Mean 0, deviation 1: the sum of twelve uniform numbers, which needs no logarithm.</summary>
        public double NextNormal()
        {
            var sum = -6.0;
            for (var i = 0; i < 12; i++) sum += NextUnit();
            return sum;
        }

        private ulong Next()
        {
            var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
            var shifted = _b << 17;
            _c ^= _a;
            _d ^= _b;
            _b ^= _c;
            _a ^= _d;
            _c ^= shifted;
            _d = BitOperations.RotateLeft(_d, 45);
            return result;
        }

        private static ulong SplitMix(ref ulong state)
        {
            var z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
