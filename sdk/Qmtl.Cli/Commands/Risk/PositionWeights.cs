using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>What open positions say about the risk of a world. Pure.</summary>
internal static class PositionWeights
{
    /// <summary>
    /// Each strategy's share of the world's gross exposure: the sum of its |quantity x mark| over that of all. Shares are never negative and add up
    /// to 1, as a snapshot's weights must; which way a strategy stands is in its returns, not in its weight.
    /// </summary>
    /// <exception cref="RefusalException">A position is of another world, has no mark or no finite size, or nothing is open.</exception>
    public static Dictionary<string, double> Of(string world, IReadOnlyList<Position> positions)
    {
        var gross = new SortedDictionary<string, double>(StringComparer.Ordinal);
        for (var i = 0; i < positions.Count; i++)
        {
            Check(world, positions[i], i);
            gross[positions[i].StrategyId] = gross.GetValueOrDefault(positions[i].StrategyId) + Math.Abs(positions[i].Qty * positions[i].Mark);
        }

        var total = gross.Values.Sum();
        if (!(total > 0) || !double.IsFinite(total))
            throw RefusalException.At(ReasonCodes.SnapshotInvalid, "/positions_file", "The positions have no exposure, so there are no weights to publish.");
        return gross.ToDictionary(pair => pair.Key, pair => pair.Value / total, StringComparer.Ordinal);
    }

    /// <summary>The hash that the hub computes of such a snapshot; given with it, nothing can change on the way unseen.</summary>
    public static string HashOf(RiskSnapshot snapshot) => ContentHash.OfRiskSnapshot(CanonicalValue.Map(
        ("world_id", CanonicalValue.Of(snapshot.WorldId)),
        ("version", CanonicalValue.Of(snapshot.Version)),
        ("as_of", CanonicalValue.Of(ProtoTime.Text(snapshot.AsOf))),
        ("ttl_sec", CanonicalValue.Of((long)snapshot.TtlSec!.Value)),
        ("weights", CanonicalValue.Map(snapshot.Weights.Select(pair => KeyValuePair.Create(pair.Key, CanonicalValue.Of(pair.Value))))),
        ("provenance", CanonicalValue.Map(("actor", CanonicalValue.Of(snapshot.Provenance.Actor)), ("stage", CanonicalValue.Of(snapshot.Provenance.Stage))))));

    private static void Check(string world, Position position, int index)
    {
        if (position.WorldId.Length > 0 && !string.Equals(position.WorldId, world, StringComparison.Ordinal))
            throw Invalid(index, "world_id", $"must be '{world}', was '{position.WorldId}'; a snapshot is of one world");
        if (position.StrategyId.Length == 0) throw Invalid(index, "strategy_id", "must name the strategy that holds the position");
        if (!double.IsFinite(position.Qty)) throw Invalid(index, "qty", "must be a finite number of units");
        if (!(position.Mark > 0) || !double.IsFinite(position.Mark)) throw Invalid(index, "mark", "must be a price above 0");
    }

    private static RefusalException Invalid(int index, string field, string message) =>
        RefusalException.At(ReasonCodes.SnapshotInvalid, $"/positions_file/{Shell.Screen.Whole(index)}/{field}", $"Position {Shell.Screen.Whole(index + 1)}: {field} {message}.");
}
