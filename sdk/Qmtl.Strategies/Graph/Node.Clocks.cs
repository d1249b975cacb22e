namespace Qmtl.Strategies;

/// <content>Nodes on other clocks than the data's own.</content>
internal sealed partial class Node
{
    /// <summary>Bars of the data that one bar of this node's clock lasts.</summary>
    private int BarsPerBar => Streams.Count == 0 ? 1 : Interval / Streams[0].Interval;

    /// <summary><paramref name="node"/> gathered into bars of <paramref name="seconds"/>.</summary>
    public static Node Resample(Node node, int seconds, Aggregate aggregate)
    {
        if (seconds < node.Interval || seconds % node.Interval != 0)
        {
            throw Refuse.Argument(
                "resample", node, "interval", $"must be a multiple of {Strategies.Interval.Format(node.Interval)}, the interval it comes at, was {Strategies.Interval.Format(seconds)}");
        }

        // Whatever part of a long bar the data begins in: what the last short bar before the first value may still lack, plus one whole long bar.
        return OnClock(new ResampleKernel(seconds, aggregate), node, seconds, node.Warmup + ((seconds - node.Interval) / node.Streams[0].Interval));
    }

    /// <summary><paramref name="node"/> as it is known at bars of <paramref name="seconds"/>.</summary>
    public static Node AsOf(Node node, int seconds)
    {
        if (seconds > node.Interval || node.Interval % seconds != 0)
        {
            throw Refuse.Argument(
                "as_of", node, "clock", $"must be finer than {Strategies.Interval.Format(node.Interval)}, was {Strategies.Interval.Format(seconds)}; gather shorter bars into longer ones with Resample(interval)");
        }

        return OnClock(new AsOfKernel(), node, seconds, node.Warmup);
    }

    /// <summary>The opening times of bars of <paramref name="seconds"/> of a stream.</summary>
    public static Node Time(Node stream, int seconds) => OnClock(new TimeKernel(), stream, seconds, (seconds / stream.Interval) - 1);

    private static Node OnClock(ClockKernel kernel, Node node, int seconds, int warmup) => new(NodeRole.Operator, [node], kernel.IsDelayed)
    {
        Kernel = kernel,
        Code = kernel.Code,
        Config = ConfigOf(kernel),
        Member = node.Member,
        Interval = seconds,
        Warmup = warmup,
    };
}
