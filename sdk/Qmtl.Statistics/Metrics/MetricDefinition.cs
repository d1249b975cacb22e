namespace Qmtl.Statistics;

/// <summary>What a metric's number counts.</summary>
public enum MetricUnit
{
    /// <summary>A pure number, such as a Sharpe ratio.</summary>
    Ratio,

    /// <summary>A fraction: 0.25 is a quarter.</summary>
    Fraction,

    /// <summary>A probability from 0 to 1.</summary>
    Probability,

    /// <summary>A count.</summary>
    Count,

    /// <summary>Days.</summary>
    Days,

    /// <summary>Years.</summary>
    Years,
}

/// <summary>A metric that policies may name.</summary>
public sealed class MetricDefinition
{
    internal MetricDefinition(string name, MetricUnit unit, string description, Func<MetricWindow, double?>? compute, params string[] aliases)
    {
        Name = name;
        Unit = unit;
        Description = description;
        Evaluate = compute;
        Aliases = aliases;
    }

    /// <summary>The name without a window.</summary>
    public string Name { get; }

    /// <summary>What the number counts.</summary>
    public MetricUnit Unit { get; }

    /// <summary>What it means and how it is computed.</summary>
    public string Description { get; }

    /// <summary>Other names of the same metric.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>Whether it is computed from return and trade series. If not, a producer supplies its value.</summary>
    public bool IsComputed => Evaluate is not null;

    internal Func<MetricWindow, double?>? Evaluate { get; }
}
