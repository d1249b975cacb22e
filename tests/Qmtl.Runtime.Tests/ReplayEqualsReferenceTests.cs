using FsCheck;
using FsCheck.Fluent;
using Qmtl.Data;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.Runtime.Tests;

/// <summary>The replay's block-wise path against <see cref="ReferenceReplay"/>: fills, refusals, equity, weights and digest, to the last bit.</summary>
public sealed class ReplayEqualsReferenceTests
{
    [Fact]
    public void Run_AnyStrategyOptionsAndGaps_EqualsTheReference() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => Equal(new Scene(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Run_FiftyInstrumentsOverManyBlocks_EqualsTheReference()
    {
        var random = new Random(5);
        var data = MarketData.Of([.. Enumerable.Range(0, 50).Select(i => Bars($"S{i}", 700, random, missing: 0.02))]);

        foreach (var sizing in new[] { SizingMode.AllIn, SizingMode.Target })
            AssertEqual(new Noise(9, 0.1, 50), data, new ReplayOptions { CommissionBps = 2, SlippageBps = 1, AllowShort = true, Sizing = sizing, Cash = 1_000_000m });
    }

    [Fact]
    public void Run_PricesAndQuantitiesNearTheGridsLimit_EqualsTheReference()
    {
        var random = new Random(8);
        foreach (var (price, cash) in new[] { (9e9, 900_000_000_000_000m), (4.6e7, 1e15m), (2e-7, 50_000m), (1e-8, 100m) })
        {
            var data = MarketData.Of([Bars("X", 300, random, missing: 0, price, volatility: 0.01)]);
            foreach (var fill in new[] { FillAt.NextOpen, FillAt.Close })
                AssertEqual(new Noise(4, 0.2, 1), data, new ReplayOptions { Cash = cash, Fill = fill, AllowShort = true, CommissionBps = 1 });
        }
    }

    [RequiresFact(Needs.MarketData)]
    public void Run_BitcoinMinutes_EqualsTheReference()
    {
        var data = CsvBars.Load([Path.Combine(Machine.MarketDataFolder!, "crypto/1m/BTC-PERP.csv")]);

        AssertEqual(new SmaCross(), data, new ReplayOptions { CommissionBps = 1 });
        AssertEqual(new SmaCross(), data, new ReplayOptions { CommissionBps = 3, SlippageBps = 2, AllowShort = true, Fill = FillAt.Close, CloseAtEnd = true });
    }

    private static bool Equal(Scene scene)
    {
        AssertEqual(scene.Strategy, scene.Data, scene.Options);
        return true;
    }

    private static void AssertEqual(Strategy strategy, MarketData data, ReplayOptions options)
    {
        var expected = ReferenceReplay.Run(strategy, data, options);

        var actual = new KernelReplay().Run(strategy, data, options);

        Assert.Equal(expected.Recorder.Fills, actual.Series.Fills);
        Assert.Equal(expected.Recorder.Trades, actual.Series.Trades);
        Assert.Equal(expected.Recorder.RejectionCount, actual.RejectedOrders);
        AssertBits(expected.Equity, actual.Series.Equity.Span);
        AssertBits(expected.Weights, actual.Series.Weights.Span);
        Assert.Equal((double)expected.Exposed / data.Count, actual.ExposureTime);
        Assert.Equal(expected.Digest, actual.StreamDigest);
    }

    private static void AssertBits(double[] expected, ReadOnlySpan<double> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            if (BitConverter.DoubleToInt64Bits(expected[i]) != BitConverter.DoubleToInt64Bits(actual[i])) Assert.Fail($"At bar {i}: expected {expected[i]:R}, was {actual[i]:R}.");
        }
    }

    private static BarSeries Bars(string instrument, int count, Random random, double missing, double price = 100, double volatility = 0.02)
    {
        var columns = new[] { "open", "high", "low", "close" }.ToDictionary(name => name, _ => new List<double>(), StringComparer.Ordinal);
        var times = new List<long>();
        for (var i = 0; i < count; i++)
        {
            var open = price;
            price = Math.Max(1e-8, Math.Min(price * (1 + (volatility * ((random.NextDouble() * 2) - 1))), 9e10));
            // Five of eight neighbours stay, so that the usual distance is one bar in every series.
            if (i % 8 is 3 or 4 or 5 && i < count - 1 && random.NextDouble() < missing) continue;
            times.Add(i * 60L * BarTime.NanosecondsPerSecond);
            columns["open"].Add(open);
            columns["high"].Add(Math.Max(open, price));
            columns["low"].Add(Math.Min(open, price));
            columns["close"].Add(price);
        }

        return new BarSeries(instrument, [.. times], columns.ToDictionary(column => column.Key, column => column.Value.ToArray(), StringComparer.Ordinal));
    }

    /// <summary>A random strategy, random conditions, random bars with gaps; a seed names all of it.</summary>
    private sealed class Scene
    {
        public Scene(int seed)
        {
            var random = new Random(seed);
            var instruments = random.Next(3) == 0 ? random.Next(2, 9) : 1;
            var missing = random.Next(2) * random.NextDouble();
            var count = random.Next(1, 400);
            var price = Math.Pow(10, random.Next(-4, 6));
            Data = MarketData.Of([.. Enumerable.Range(0, instruments).Select(i => Bars($"S{i}", count, random, missing, price))]);
            var sizing = (SizingMode)random.Next(3);
            Strategy = random.Next(4) == 0 ? new SmaCross() : new Noise(seed, random.NextDouble() * 0.5, instruments);
            Options = new ReplayOptions
            {
                Cash = random.Next(1, 1_000_000),
                CommissionBps = random.Next(20),
                SlippageBps = random.Next(10),
                Fill = (FillAt)random.Next(2),
                Sizing = sizing,
                Size = sizing == SizingMode.Fixed ? random.Next(1, 50) : null,
                WholeUnits = random.Next(3) == 0,
                AllowShort = random.Next(2) == 0,
                CloseAtEnd = random.Next(2) == 0,
                Leverage = random.Next(3) == 0 ? 2.5m : 1m,
                BlockLength = random.Next(1, 300),
            };
        }

        public MarketData Data { get; }

        public Strategy Strategy { get; }

        public ReplayOptions Options { get; }
    }

    /// <summary>Changes its mind at random: as often as <paramref name="changes"/> says, sometimes about nothing, sometimes to no opinion.</summary>
    private sealed class Noise(int seed, double changes, int instruments) : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            foreach (var (i, instrument) in s.Instruments.Index())
                s.Target(s.Price(instrument), s.Compute(new NoiseKernel((seed * 31) + i, changes, instruments), s.Price(instrument).Close));
        }
    }

    [NodeCode("test.noise", "1")]
    private sealed class NoiseKernel(int seed, double changes, int instruments) : Kernel
    {
        private const double Modulus = 2_147_483_647;

        public override int StateLength => 3;

        public override IReadOnlyDictionary<string, object> Parameters =>
            new Dictionary<string, object>(StringComparer.Ordinal) { ["start"] = (long)seed, ["changes"] = changes, ["instruments"] = (long)instruments };

        public override void Start(Span<double> state) => state[0] = 1 + Math.Abs((long)seed % 1_000_000);

        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
        {
            for (var i = 0; i < output.Length; i++)
            {
                // The minimal standard generator of Park and Miller: exact in doubles.
                state[0] = state[0] * 16_807 % Modulus;
                if (state[0] / Modulus < changes) state[1] = Pick(state);
                output[i] = state[2] == 1 ? double.NaN : state[1];
            }
        }

        private double Pick(Span<double> state)
        {
            state[0] = state[0] * 16_807 % Modulus;
            var choice = (int)(state[0] / Modulus * 8);
            state[2] = choice == 7 ? 1 : 0;
            return choice switch
            {
                0 or 1 => 1.0 / instruments,
                2 or 3 => -1.0 / instruments,
                4 => 0.37 / instruments,
                5 => -0.0,
                _ => 0,
            };
        }
    }
}
