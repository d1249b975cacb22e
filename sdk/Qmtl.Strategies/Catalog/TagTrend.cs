namespace Qmtl.Strategies;

/// <summary>Which instruments a tag strategy looks for.</summary>
public enum TagChoice
{
    /// <summary>One of the tags is enough.</summary>
    Any,

    /// <summary>All of the tags are needed.</summary>
    All,
}

/// <summary>Holds those members of a tag that are above their moving average, each with an equal share.</summary>
/// <remarks>Nothing here names an instrument: when the tag gets another member, the nodes stay the same.</remarks>
public sealed class TagTrend : Strategy
{
    private readonly Param<string> _tags = Param("tags", "usdt", "Tags, separated by commas.");
    private readonly Param<TagChoice> _match = Param("match", TagChoice.Any, "Whether one of the tags is enough.");
    private readonly Param<int> _trend = Param("trend", 100, 1..Kernel.MaxPeriod, "Bars of the moving average.");

    private readonly Param<double> _gross = Param("gross", 0.8, 0.01, 10.0, "Share of equity when all are held; below 1 leaves room for costs and for winners that have grown.");

    /// <inheritdoc/>
    public override string Name => "tag-trend";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        var group = s.TagQuery(_tags.Value.Split(','), _match.Value == TagChoice.All ? TagMatch.All : TagMatch.Any);
        var closes = group.Panel(price => price.Close);
        var rising = closes.Each(close => close.Above(close.Sma(_trend)).AsSeries());
        s.Target(rising * (_gross.Value / closes.Present()));
    }
}
