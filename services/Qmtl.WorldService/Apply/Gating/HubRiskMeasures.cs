using Google.Protobuf.WellKnownTypes;
using Qmtl.Storage;
using Qmtl.WorldService.RiskHub;

namespace Qmtl.WorldService.Apply.Gating;

/// <summary>Measures of the newest snapshot of the risk hub: what its producer states among the constraints, and what follows from weights and returns.</summary>
internal sealed class HubRiskMeasures(RiskSnapshots snapshots) : IRiskMeasures
{
    public async Task<IReadOnlyDictionary<string, double>?> FreshAsync(ISession session, string worldId, DateTimeOffset now) =>
        await snapshots.LatestAsync(session, worldId, now) is { } row ? MeasuresOf(row) : null;

    /// <summary>leverage is the sum of the weights' sizes, weight the largest of them, drawdown the deepest fall of the portfolio's returns.</summary>
    public static IReadOnlyDictionary<string, double> MeasuresOf(RiskSnapshotRow row)
    {
        var measures = new Dictionary<string, double>(StringComparer.Ordinal);
        if (row.HasField(RiskField.Weights))
        {
            measures["leverage"] = row.Weights.Values.Sum(Math.Abs);
            measures["weight"] = row.Weights.Values.Max(Math.Abs);
        }

        if (row.Snapshot.RealizedReturns is not null && row.RealizedReturns.TryGetValue(RiskSnapshotRow.Portfolio, out var returns)) measures["drawdown"] = DrawdownOf(returns);
        foreach (var (name, value) in row.Snapshot.Constraints?.Fields ?? [])
        {
            // What the producer measured itself wins over what follows from its weights.
            if (value.KindCase is Value.KindOneofCase.NumberValue && double.IsFinite(value.NumberValue)) measures[name] = value.NumberValue;
        }

        return measures;
    }

    private static double DrawdownOf(ReadOnlySpan<double> returns)
    {
        double equity = 1, peak = 1, deepest = 0;
        foreach (var change in returns)
        {
            equity *= 1 + change;
            peak = Math.Max(peak, equity);
            deepest = Math.Max(deepest, 1 - (equity / peak));
        }

        return deepest;
    }
}
