namespace Qmtl.Strategies;

/// <summary>The indicators, by name.</summary>
public static class IndicatorCatalog
{
    private static readonly IndicatorDefinition[] Definitions =
    [
        .. Averages.Definitions,
        .. Oscillators.Definitions,
        .. Cycles.Definitions,
        .. Trend.Definitions,
        .. Strength.Definitions,
        .. Rolling.Definitions,
        .. Ranges.Definitions,
        .. Volatility.Definitions,
        .. Volume.Definitions,
        .. Models.Definitions,
        .. Books.Definitions,
    ];

    /// <summary>A fresh instance of every indicator, parameters at their defaults.</summary>
    public static IReadOnlyList<Indicator> All => [.. Definitions.Select(definition => new Indicator(definition))];

    /// <summary>A fresh instance of the indicator called <paramref name="name"/>.</summary>
    /// <exception cref="Identity.RefusalException">There is none; the nearest name is suggested.</exception>
    public static Indicator Create(string name) =>
        Array.Find(Definitions, definition => string.Equals(definition.Name, name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? new Indicator(found)
            : throw Refuse.UnknownIndicator(name, [.. Definitions.Select(definition => definition.Name)]);
}
