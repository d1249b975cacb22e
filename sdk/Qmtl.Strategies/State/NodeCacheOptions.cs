namespace Qmtl.Strategies;

/// <summary>What to do with a bar behind the watermark.</summary>
public enum OnLate
{
    /// <summary>It corrects the window, and what depends on it is computed again.</summary>
    Recompute,

    /// <summary>It is dropped.</summary>
    Ignore,

    /// <summary>It leaves the window alone and is kept aside in <see cref="NodeCache.TakeLateBars"/>.</summary>
    SideOutput,
}

/// <summary>What to do with a bar that comes without the one before it.</summary>
public enum OnMissing
{
    /// <summary>Keep it, compute nothing.</summary>
    Skip,

    /// <summary>Keep it and refuse, naming the upstream.</summary>
    Fail,
}

/// <summary>How a <see cref="NodeCache"/> behaves.</summary>
public sealed record NodeCacheOptions
{
    /// <summary>The node whose inputs it holds.</summary>
    public required string NodeId { get; init; }

    /// <summary>Bars kept of each input, 1 to 10,000.</summary>
    public required int Period { get; init; }

    /// <summary>How far behind the newest bar of the slowest input a bar may be without being late. Zero or more.</summary>
    public TimeSpan AllowedLateness { get; init; }

    /// <summary>What to do with late bars.</summary>
    public OnLate OnLate { get; init; }

    /// <summary>Where to count; null counts nothing.</summary>
    public StateMetrics? Metrics { get; init; }
}

/// <summary>What came of feeding a bar: whether the node is to be computed, and if not, why.</summary>
public enum FeedOutcome
{
    /// <summary>The windows are full: compute.</summary>
    Ready,

    /// <summary>The windows are full and the past was corrected: compute again.</summary>
    Corrected,

    /// <summary>Some window is not full yet.</summary>
    WarmingUp,

    /// <summary>The bar came without the one before it.</summary>
    MissingBar,

    /// <summary>It was late, and late bars are ignored.</summary>
    Ignored,

    /// <summary>It was late and was put aside.</summary>
    PutAside,

    /// <summary>It was older than the window.</summary>
    Dropped,
}

/// <summary>A late bar that was put aside.</summary>
/// <param name="UpstreamId">Where it came from.</param>
/// <param name="IntervalSeconds">Seconds of a bucket.</param>
/// <param name="Time">Its bucket, nanoseconds UTC.</param>
/// <param name="Values">Its values, in the order of the input's columns.</param>
public sealed record LateBar(string UpstreamId, int IntervalSeconds, long Time, IReadOnlyList<double> Values);
