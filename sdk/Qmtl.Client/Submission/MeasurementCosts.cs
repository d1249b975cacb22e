using Qmtl.Statistics;

namespace Qmtl.Client;

/// <summary>What to subtract from returns that were not made by a replay; a replay has its costs in its equity.</summary>
public sealed record MeasurementCosts
{
    /// <summary>Cost of one bar, as a fraction of equity.</summary>
    public double PerPeriod { get; init; }

    /// <summary>Fills behind the returns: their costs are spread over the bars and reported as <c>execution_*</c> metrics.</summary>
    public IReadOnlyList<FillCost> Fills { get; init; } = [];

    /// <summary>The costs of the fills; null without fills.</summary>
    internal ExecutionCostReport? Execution => Fills.Count == 0 ? null : ExecutionCosts.Of([.. Fills]);
}
