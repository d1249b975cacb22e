namespace Qmtl.WorldService;

/// <summary>Section <c>WorldService</c> of the configuration.</summary>
internal sealed class WorldServiceOptions
{
    public const string Section = "WorldService";

    /// <summary>Refuses rebalancing plans of schema 1, which carry no alpha metrics.</summary>
    public bool AlphaMetricsRequired { get; set; }

    /// <summary>How long a validation verdict counts.</summary>
    public TimeSpan ValidationRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Whether runs with a series are validated further in the background.</summary>
    public bool ExtendedValidation { get; set; } = true;

    /// <summary>Strategies that one evaluation may name.</summary>
    public int MaxStrategies { get; set; } = 10_000;

    /// <summary>Points of all series in one evaluation.</summary>
    public int MaxSeriesPoints { get; set; } = 5_000_000;
}
