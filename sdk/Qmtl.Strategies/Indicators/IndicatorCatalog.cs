namespace Qmtl.Strategies;

/// <summary>The indicators, by name.</summary>
public static class IndicatorCatalog
{
    private static readonly Func<Indicator>[] Makers = [() => new SmaIndicator()];

    /// <summary>A fresh instance of every indicator, parameters at their defaults.</summary>
    public static IReadOnlyList<Indicator> All => [.. Makers.Select(make => make())];

    /// <summary>A fresh instance of the indicator called <paramref name="name"/>.</summary>
    /// <exception cref="Identity.RefusalException">There is none; the nearest name is suggested.</exception>
    public static Indicator Create(string name) =>
        All.FirstOrDefault(indicator => string.Equals(indicator.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw Refuse.UnknownIndicator(name, [.. All.Select(indicator => indicator.Name)]);
}

/// <summary>Simple moving average: the mean of the last n prices.</summary>
internal sealed class SmaIndicator : Indicator
{
    private readonly Param<int> _period;
    private readonly Param<string> _price;

    public SmaIndicator()
    {
        _period = Declare("period", 20, 1..Kernel.MaxPeriod, "Bars of the average.");
        _price = DeclarePrice();
    }

    public override string Name => "sma";

    public override string Description => "Simple moving average: the mean of the last n prices.";

    protected override void Build(StrategyBuilder s, PriceSeries price) => s.Output(Name, price.ByName(_price.Value).Sma(_period));
}
