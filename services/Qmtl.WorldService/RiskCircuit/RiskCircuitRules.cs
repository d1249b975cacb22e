namespace Qmtl.WorldService.RiskCircuit;

/// <summary>A limit that was exceeded.</summary>
/// <param name="Limit">The limit's key.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Allowed">What was allowed.</param>
internal sealed record RiskBreach(string Limit, double Value, double Allowed);

/// <summary>Whether a world's risk is beyond its limits. Pure.</summary>
internal static class RiskCircuitRules
{
    /// <summary>The limits that the figures exceed; a figure that equals its limit is within, one that is unknown exceeds nothing.</summary>
    public static IReadOnlyList<RiskBreach> Judge(RiskLimits limits, RiskFigures figures)
    {
        var breaches = new List<RiskBreach>();
        Compare("max_drawdown", limits.MaxDrawdown, figures.Drawdown);
        Compare("max_var", limits.MaxVar, figures.ValueAtRisk);
        Compare("max_leverage", limits.MaxLeverage, figures.Leverage);
        return breaches;

        void Compare(string name, double? allowed, double? value)
        {
            // What is no number is beyond every limit: corrupt figures must not keep the circuit closed.
            if (allowed is { } limit && value is { } measured && !(measured <= limit)) breaches.Add(new RiskBreach(name, double.IsFinite(measured) ? measured : double.MaxValue, limit));
        }
    }
}
