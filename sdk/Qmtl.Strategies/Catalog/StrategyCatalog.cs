using System.Reflection;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>The strategies that come with QMTL, by name.</summary>
public static class StrategyCatalog
{
    private static readonly StrategyEntry[] BuiltIn =
    [
        new("sma-cross", "Follows the trend: long while a fast moving average is above a slow one.", () => new SmaCross()),
        new("buy-and-hold", "Holds all instruments in equal shares.", () => new BuyAndHold()),
        new("momentum", "Follows the change over a lookback.", () => new Momentum()),
        new("macd", "Follows the MACD: long while its line is above its signal.", () => new MacdTrend()),
        new("breakout", "Follows new extremes: in at the wide channel, out at the narrow one.", () => new Breakout()),
        new("mean-reversion", "Buys far below the average and sells far above it, with hysteresis.", () => new MeanReversion()),
        new("rsi-reversal", "Buys oversold bars within a rising trend.", () => new RsiReversal()),
        new("pairs", "Trades the spread of two instruments, hedged by regression.", () => new Pairs()),
        new("xs-momentum", "Holds the instruments that rose most and sells those that rose least.", () => new CrossSectionalMomentum()),
        new("vol-target", "Holds a rising market with as much as gives a constant volatility.", () => new VolatilityTarget()),
        new("trend-filter", "Trades crossings in the direction of a slower clock's trend.", () => new TrendFilter()),
        new("tag-trend", "Holds the members of a tag that are above their average.", () => new TagTrend()),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<StrategyEntry> All => BuiltIn;

    /// <summary>The entry called <paramref name="name"/>, or null.</summary>
    public static StrategyEntry? Find(string name) => Array.Find(BuiltIn, entry => string.Equals(entry.Name, name, StringComparison.Ordinal));

    /// <summary>A new instance of the strategy called <paramref name="name"/>.</summary>
    /// <exception cref="Identity.RefusalException">There is none; the nearest name is suggested.</exception>
    public static Strategy Create(string name) => Find(name)?.Create() ?? throw Refuse.UnknownStrategy(name, [.. BuiltIn.Select(entry => entry.Name)]);

    /// <summary>A new instance of a strategy class from an assembly of the user's.</summary>
    /// <exception cref="Identity.RefusalException">The type is no strategy, is abstract, has no public constructor without parameters, or its constructor throws.</exception>
    public static Strategy Create(Type type)
    {
        if (!type.IsSubclassOf(typeof(Strategy)) || type.IsAbstract)
            throw Refuse.Graph(type.FullName ?? type.Name, "is no strategy: it must be a class that derives from Qmtl.Strategies.Strategy and is not abstract");
        if (type.GetConstructor(Type.EmptyTypes) is null)
            throw Refuse.Graph(type.FullName ?? type.Name, "needs a public constructor without parameters; use Param(...) for what can be set");
        try
        {
            return (Strategy)Activator.CreateInstance(type, BindingFlags.DoNotWrapExceptions | BindingFlags.Instance | BindingFlags.Public, binder: null, args: null, culture: null)!;
        }
        catch (ArgumentOutOfRangeException problem)
        {
            throw Refuse.Thrown(type.Name, "its constructor", problem, "if it is a range such as -5..100: System.Range cannot be negative, write Param(name, default, min, max)");
        }
        catch (Exception problem) when (problem is not RefusalException)
        {
            throw Refuse.Thrown(type.Name, "its constructor", problem);
        }
    }
}

/// <summary>A strategy that comes with QMTL.</summary>
/// <param name="Name">The name users type.</param>
/// <param name="Description">One sentence.</param>
/// <param name="Create">Makes an instance.</param>
public sealed record StrategyEntry(string Name, string Description, Func<Strategy> Create)
{
    /// <summary>Its parameters with their defaults and ranges.</summary>
    public IReadOnlyList<ParameterInfo> Parameters => [.. Create().Parameters.Select(parameter => parameter.Describe())];
}
