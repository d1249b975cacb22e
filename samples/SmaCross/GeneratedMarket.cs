using Qmtl.Data;
using Qmtl.Runtime;

namespace Qmtl.Samples;

/// <summary>An invented market: hourly bars that are the same on every machine, and never end.</summary>
public sealed class GeneratedMarket
{
    /// <summary>Bars there are to begin with.</summary>
    public const int History = 2_000;

    private static readonly SyntheticOptions Shape = new()
    {
        Instrument = "BTC-USDT",
        IntervalSeconds = 3600,
        Seed = 13,
        Price = 40_000,
        Volatility = 0.006,
        Drift = 0.00012,
    };

    /// <summary>What trading costs here.</summary>
    public static ReplayOptions Costs { get; } = new() { Cash = 10_000m, CommissionBps = 5m };

    /// <summary>Bars up to now.</summary>
    public int Count { get; private set; } = History;

    /// <summary>The bars up to now.</summary>
    public MarketData Bars => MarketData.Of(SyntheticBars.Generate(Shape with { Count = Count }));

    /// <summary>Lets an hour pass.</summary>
    public void Next() => Count++;
}
