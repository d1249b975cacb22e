namespace Qmtl.Strategies;

public sealed partial class StrategyBuilder
{
    /// <summary>One series for each instrument of the run: <c>s.Panel(p =&gt; p.Close)</c>.</summary>
    public Panel Panel(Func<PriceSeries, Series> select) => Panel(Instruments.Select(Price), select);

    /// <summary>Holds each member of <paramref name="weights"/>, as a share of equity, in the instrument it is named after.</summary>
    public void Target(Panel weights)
    {
        foreach (var member in weights.Members) AddTarget(member.Stream ?? Price(member.Name).Stream, member.Series);
    }

    private static Panel Panel(IEnumerable<PriceSeries> prices, Func<PriceSeries, Series> select) =>
        Strategies.Panel.Of([.. prices.Select(price => new PanelMember(price.Instrument, price.Stream, select(price)))]);
}
