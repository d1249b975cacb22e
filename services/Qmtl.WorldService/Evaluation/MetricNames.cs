using System.Globalization;
using Qmtl.Statistics;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Evaluation;

/// <summary>The metric registry as policies and evaluations use it: one name for each metric.</summary>
internal sealed class MetricNames : IMetricCatalog
{
    public bool Knows(string name) => MetricRegistry.Knows(name);

    public string? Suggest(string name) => MetricRegistry.Suggest(name);

    /// <summary>Aliases and named windows become one spelling (<c>max_drawdown_mid</c>: <c>max_dd_90d</c>); unknown names stay.</summary>
    public string Canonical(string name)
    {
        if (!MetricRegistry.TryParse(name, out var definition, out var days)) return name;
        return days is { } window ? string.Create(CultureInfo.InvariantCulture, $"{definition.Name}_{window}d") : definition.Name;
    }

    /// <summary>Drawdowns are positive here. A producer that counts them downwards must not slip below every limit.</summary>
    public static double Normalise(string canonical, double value) => canonical.StartsWith("max_dd", StringComparison.Ordinal) ? Math.Abs(value) : value;
}
