namespace Qmtl.Strategies;

/// <summary>A channel: a middle line and one above and below it.</summary>
/// <param name="Middle">The middle line.</param>
/// <param name="Upper">The upper line.</param>
/// <param name="Lower">The lower line.</param>
public sealed record Bands(Series Middle, Series Upper, Series Lower)
{
    /// <summary>The channel's width as a share of its middle: (upper - lower) / middle. Bollinger's BandWidth.</summary>
    public Series Bandwidth => (Upper - Lower) / Middle;

    /// <summary>Where <paramref name="value"/> stands in the channel: 0 on the lower line, 1 on the upper, missing while the channel has no width. Bollinger's %b.</summary>
    public Series PercentB(Series value) => (value - Lower) / (Upper - Lower);
}
