namespace Qmtl.Gateway.Health;

/// <summary>How far the Gateway can work. Higher is worse.</summary>
internal enum DegradeLevel
{
    /// <summary>Everything answers.</summary>
    Normal,

    /// <summary>One dependency does not answer. Submissions are taken in and wait.</summary>
    Partial,

    /// <summary>Two do not, or the processor is busy: submissions are refused.</summary>
    Minimal,

    /// <summary>Nothing does, or the processor has nothing left: everything but health, status and metrics is refused.</summary>
    Static,
}

/// <summary>Which level follows from what was seen. Pure.</summary>
internal static class DegradeRules
{
    /// <summary>The level of dependencies that do not answer. It follows them at once, in both directions.</summary>
    public static DegradeLevel OfOutages(int down) => down switch
    {
        <= 0 => DegradeLevel.Normal,
        1 => DegradeLevel.Partial,
        2 => DegradeLevel.Minimal,
        _ => DegradeLevel.Static,
    };

    /// <summary>The level of a load, given the one before.</summary>
    /// <param name="before">Level and how often in a row the load has been above it.</param>
    /// <param name="load">Share of the processors that this process used since the last check, 0 to 1.</param>
    /// <param name="options">Bounds.</param>
    /// <remarks>A level is entered after several checks in a row, because a busy moment is no overload, and left one margin below its bound, so that it does not flap.</remarks>
    public static LoadState OfLoad(LoadState before, double load, DegradationOptions options)
    {
        var reached = load > options.StaticLoad ? DegradeLevel.Static : load > options.MinimalLoad ? DegradeLevel.Minimal : DegradeLevel.Normal;
        if (reached > before.Level)
        {
            var (above, lowest) = (before.ChecksAbove + 1, before.LowestAbove is { } low && low < reached ? low : reached);
            return above >= options.LoadChecks ? new LoadState(lowest, 0, null) : new LoadState(before.Level, above, lowest);
        }

        var held = before.Level switch
        {
            DegradeLevel.Static when load > options.StaticLoad - options.LoadMargin => DegradeLevel.Static,
            >= DegradeLevel.Minimal when load > options.MinimalLoad - options.LoadMargin => DegradeLevel.Minimal,
            _ => DegradeLevel.Normal,
        };
        return new LoadState(held, 0, null);
    }
}

/// <summary>What load led to.</summary>
/// <param name="Level">The level.</param>
/// <param name="ChecksAbove">Checks in a row that called for a worse one.</param>
/// <param name="LowestAbove">The least that those called for.</param>
internal readonly record struct LoadState(DegradeLevel Level, int ChecksAbove, DegradeLevel? LowestAbove);

/// <summary>When the Gateway does less. Section <c>Gateway:Degradation</c>.</summary>
public sealed class DegradationOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:Degradation";

    /// <summary>How often dependencies and load are checked; 5 s.</summary>
    public TimeSpan CheckEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether load counts. Not where the process does other work than the Gateway's.</summary>
    public bool CountLoad { get; set; } = true;

    /// <summary>Share of the processors above which submissions are refused; 0.85.</summary>
    public double MinimalLoad { get; set; } = 0.85;

    /// <summary>Share of the processors above which everything is refused; 0.95.</summary>
    public double StaticLoad { get; set; } = 0.95;

    /// <summary>How far load must fall below a bound before its level ends; 0.1.</summary>
    public double LoadMargin { get; set; } = 0.1;

    /// <summary>Checks in a row above a bound that begin its level; 3.</summary>
    public int LoadChecks { get; set; } = 3;

    /// <summary>Why the values cannot be used, or null.</summary>
    internal string? Problem() =>
        CheckEvery <= TimeSpan.Zero ? $"{Section}:{nameof(CheckEvery)} must be above 0, was {CheckEvery}."
        : !(MinimalLoad is > 0 and <= 1 && StaticLoad >= MinimalLoad && StaticLoad <= 1) ? $"{Section}:{nameof(MinimalLoad)} and {nameof(StaticLoad)} must be above 0, at most 1 and in this order, were {MinimalLoad} and {StaticLoad}."
        : !(LoadMargin >= 0 && LoadMargin < MinimalLoad) ? $"{Section}:{nameof(LoadMargin)} must be 0 to {MinimalLoad}, was {LoadMargin}."
        : LoadChecks < 1 ? $"{Section}:{nameof(LoadChecks)} must be at least 1, was {LoadChecks}."
        : null;
}
