using System.Globalization;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>How well a world is supplied with risk snapshots. Pure.</summary>
internal static class SnapshotHealth
{
    private const int StandardTtlSec = 900;

    public static DateTimeOffset ExpiresAt(RiskSnapshot snapshot) => snapshot.CreatedAt.ToDateTimeOffset().AddSeconds(snapshot.TtlSec ?? StandardTtlSec);

    /// <summary>What a snapshot holds, inline or not.</summary>
    public static IEnumerable<string> FieldsOf(RiskSnapshot snapshot)
    {
        if (snapshot.Weights.Count > 0) yield return "weights";
        if (snapshot.Covariance.Count > 0 || snapshot.CovarianceRef is not null) yield return "covariance";
        if (snapshot.RealizedReturns is not null || snapshot.RealizedReturnsRef is not null) yield return "realized_returns";
        if (snapshot.Stress.Count > 0 || snapshot.StressRef is not null) yield return "stress";
        if (snapshot.Constraints is { Fields.Count: > 0 }) yield return "constraints";
    }

    /// <summary>What a producer should look at, newest snapshot first.</summary>
    public static IEnumerable<(string Version, string Finding)> Lint(IReadOnlyList<RiskSnapshot> snapshots)
    {
        for (var i = 0; i < snapshots.Count; i++)
        {
            var snapshot = snapshots[i];
            var held = FieldsOf(snapshot).ToHashSet(StringComparer.Ordinal);
            foreach (var field in new[] { "covariance", "realized_returns", "stress" }.Where(field => !held.Contains(field)))
            {
                yield return (snapshot.Version, $"holds no {field}: rules that need it find it missing");
            }

            var age = snapshot.CreatedAt - snapshot.AsOf;
            if (age.Seconds > (snapshot.TtlSec ?? StandardTtlSec)) yield return (snapshot.Version, string.Create(CultureInfo.InvariantCulture, $"its figures were {age.Seconds} s old when it was made, longer than it counts as fresh"));
            if (i == 0) continue;

            // The next one in time came after this one had run out.
            var gap = snapshots[i - 1].CreatedAt.ToDateTimeOffset() - ExpiresAt(snapshot);
            if (gap > TimeSpan.Zero) yield return (snapshot.Version, string.Create(CultureInfo.InvariantCulture, $"ran out {gap.TotalSeconds:F0} s before {snapshots[i - 1].Version} came: nothing could be promoted meanwhile"));
        }
    }
}
