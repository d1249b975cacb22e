namespace Qmtl.Strategies;

public abstract partial class Strategy
{
    /// <summary>condition ? then : otherwise, bar by bar.</summary>
    protected static Series When(Signal condition, Series then, Series otherwise) => condition.Then(then, otherwise);

    /// <summary>The larger of the two, bar by bar.</summary>
    protected static Series Max(Series a, Series b) => a.AtLeast(b);

    /// <summary>The smaller of the two, bar by bar.</summary>
    protected static Series Min(Series a, Series b) => a.AtMost(b);

    /// <summary>1 from <paramref name="enter"/> until <paramref name="exit"/>, else 0; where both are true, 0.</summary>
    protected static Series EnterExit(Signal enter, Signal exit) => enter.Until(exit).AsSeries();

    /// <summary>1 long, -1 short, 0 flat by entries and exits of both sides. An entry on the other side reverses at once.</summary>
    /// <remarks>Both entries on one bar contradict each other: neither counts. Missing while a signal is missing.</remarks>
    protected static Series EnterExit(Signal enterLong, Signal exitLong, Signal enterShort, Signal exitShort) =>
        new(Node.Of(new LongShortKernel(), enterLong.Node, exitLong.Node, enterShort.Node, exitShort.Node));
}
