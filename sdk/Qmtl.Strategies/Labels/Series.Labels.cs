namespace Qmtl.Strategies;

public sealed partial class Series
{
    /// <summary>Label: the return of the <paramref name="horizon"/> bars after an entry, on the bar where it becomes known, <paramref name="horizon"/> bars after that entry.</summary>
    /// <remarks>For training and evaluation. To pair it with features of the entry, shift those: <c>feature.Shift(horizon)</c>. A target refuses it.</remarks>
    public Series ForwardReturn(int horizon)
    {
        Check("forward_return", horizon, Kernel.MaxPeriod - 1, "horizon");
        return new Series(Node.Of(new LabelKernel("forward_return", horizon), PercentChange(horizon).Node));
    }

    /// <summary>Label: the sample deviation of the <paramref name="horizon"/> returns after an entry, on the bar where it becomes known.</summary>
    /// <remarks>Per bar, not annualised. For training and evaluation; a target refuses it.</remarks>
    public Series ForwardVolatility(int horizon)
    {
        if (horizon < 2) throw Refuse.Argument("forward_volatility", Node, "horizon", $"must be a whole number 2..{Kernel.MaxPeriod - 1}, was {horizon}");
        Check("forward_volatility", horizon, Kernel.MaxPeriod - 1, "horizon");
        return new Series(Node.Of(new LabelKernel("forward_volatility", horizon), PercentChange().StdDev(horizon, sample: true).Node));
    }
}

public sealed partial class PriceSeries
{
    /// <summary>Label: what a trade entered at the close of <paramref name="maxBars"/> bars ago came to: profit target, stop loss or the end of its time.</summary>
    /// <remarks>
    /// Barriers are fixed at the entry and compared with the highs and lows of the bars after it; a bar that spans both counts as the stop loss. For
    /// training and evaluation; a target refuses every output. <see cref="TripleBarrierLabeler"/> gives the same as events.
    /// </remarks>
    public TripleBarrier TripleBarrier(BarrierSpec barrier, int maxBars, LabelSide side = LabelSide.Long)
    {
        ArgumentNullException.ThrowIfNull(barrier);
        var node = $"triple_barrier({Stream.Text})";
        _ = new HorizonSpec(maxBars).Checked(node);
        var outputs = new TripleBarrierKernel(barrier.Checked(node), side, maxBars).Over(Close, High, Low);
        return new TripleBarrier(outputs[0], outputs[1], outputs[2]);
    }
}
