using System.Globalization;
using Qmtl.Identity;
using Qmtl.Statistics;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using JsonPointer = Qmtl.WorldService.Policies.Documents.JsonPointer;

namespace Qmtl.WorldService.Allocation;

/// <summary>Reads and checks what a proposal depends on. Pure.</summary>
internal static class ProposalReader
{
    private const int MaxPoints = 200_000;

    /// <summary>Joins a request with what is stored.</summary>
    /// <param name="active">The world's active set, shared out over when the request names no strategies.</param>
    /// <param name="allocation">The world's share as it stands; null for none.</param>
    /// <param name="snapshot">What the latest risk snapshot says; used only when the request brings no data of its own.</param>
    public static ProposalInputs Read(ProposeAllocationRequest request, IReadOnlyList<string> active, AllocationRow? allocation, RiskFacts snapshot)
    {
        var method = ProposalMethods.Read(request.Method);
        var strategies = Strategies(request, active);
        var current = Current(request, allocation);
        return new ProposalInputs(
            request.WorldId,
            method,
            strategies,
            Constraints(request.Constraints ?? new AllocationConstraints(), strategies, current),
            Facts(request, snapshot),
            ProposalMethods.ReadShrinkage(request.Shrinkage),
            request.ExpectedReturns,
            request.RiskAversion ?? 2,
            current,
            Share(request.WorldShare) ?? allocation?.Allocation,
            PeriodsPerYear(request.PeriodsPerYear));
    }

    private static double? Share(double? share) => share is null or (>= 0 and <= 1)
        ? share
        : throw Refuse.Field("/world_share", string.Create(CultureInfo.InvariantCulture, $"must be 0 to 1, was {share}"));

    private static string[] Strategies(ProposeAllocationRequest request, IReadOnlyList<string> active)
    {
        if (request.Strategies.Count == 0 && active.Count == 0) throw Refuse.Field(ReasonCodes.AllocationData, "/strategies", "is empty, and the world has no active strategy to share out over");
        for (var i = 0; i < request.Strategies.Count; i++) StrategyIds.Check(request.Strategies[i], string.Create(CultureInfo.InvariantCulture, $"/strategies/{i}"));
        string[] strategies = [.. (request.Strategies.Count > 0 ? request.Strategies : active).Order(StringComparer.Ordinal)];
        for (var i = 1; i < strategies.Length; i++)
        {
            if (strategies[i] == strategies[i - 1]) throw Refuse.Field("/strategies", $"names '{strategies[i]}' twice");
        }

        if (strategies.Length > PortfolioOptimizer.MaxAssets)
            throw Refuse.Field(ReasonCodes.TooLarge, "/strategies", string.Create(CultureInfo.InvariantCulture, $"capital is shared out over {PortfolioOptimizer.MaxAssets} strategies at most, were {strategies.Length}"));
        return strategies;
    }

    private static Dictionary<string, double> Current(ProposeAllocationRequest request, AllocationRow? allocation)
    {
        if (request.Current.Count > 0) return request.Current.ToDictionary(StringComparer.Ordinal);
        return allocation is { Allocation: > 0 }
            ? allocation.Strategies.ToDictionary(share => share.Key, share => share.Value / allocation.Allocation, StringComparer.Ordinal)
            : new Dictionary<string, double>(StringComparer.Ordinal);
    }

    private static PortfolioConstraints Constraints(AllocationConstraints wanted, string[] strategies, Dictionary<string, double> current)
    {
        var budget = wanted.Budget ?? 1;
        if (!(budget > 0 && budget <= 1)) throw Refuse.Field("/constraints/budget", string.Create(CultureInfo.InvariantCulture, $"must be above 0 and at most 1, was {budget}"));
        RequireKnown(wanted.MinWeights.Keys, strategies, "/constraints/min_weights");
        RequireKnown(wanted.MaxWeights.Keys, strategies, "/constraints/max_weights");
        if (wanted.MaxTurnover is not null && current.Count == 0) throw Refuse.Field("/constraints/max_turnover", "needs the weights now: give current, or set shares first");
        return new PortfolioConstraints
        {
            Budget = budget,
            Lower = [.. strategies.Select(id => wanted.MinWeights.TryGetValue(id, out var own) ? own : wanted.MinWeight ?? 0)],
            Upper = [.. strategies.Select(id => wanted.MaxWeights.TryGetValue(id, out var own) ? own : wanted.MaxWeight ?? 1)],
            GrossCap = wanted.GrossCap,
            // Strategies that leave are sold too, but that is settled before anything is shared out here.
            MaxTurnover = wanted.MaxTurnover is { } turnover ? turnover - Leaving(strategies, current) : null,
            Current = wanted.MaxTurnover is null ? null : [.. strategies.Select(id => current.GetValueOrDefault(id))],
            Groups = [.. wanted.Groups.Select((group, i) => Group(group, strategies, string.Create(CultureInfo.InvariantCulture, $"/constraints/groups/{i}")))],
        };
    }

    private static double Leaving(string[] strategies, Dictionary<string, double> current) =>
        current.Where(weight => Array.BinarySearch(strategies, weight.Key, StringComparer.Ordinal) < 0).Sum(weight => Math.Abs(weight.Value));

    private static WeightGroup Group(GroupCap group, string[] strategies, string pointer)
    {
        if (group.Name.Length is 0 or > 100) throw Refuse.Field(pointer + "/name", "must be 1 to 100 characters");
        RequireKnown(group.Strategies, strategies, pointer + "/strategies");
        return new WeightGroup(group.Name, [.. group.Strategies.Select(id => Array.BinarySearch(strategies, id, StringComparer.Ordinal))], group.MaxWeight);
    }

    /// <summary>A typing error in a limit would lift it.</summary>
    private static void RequireKnown(IEnumerable<string> named, string[] strategies, string pointer)
    {
        foreach (var id in named)
        {
            if (Array.BinarySearch(strategies, id, StringComparer.Ordinal) < 0) throw Refuse.Field(JsonPointer.Child(pointer, id), $"'{id}' is not one of the strategies");
        }
    }

    private static RiskFacts Facts(ProposeAllocationRequest request, RiskFacts snapshot)
    {
        if (request.Series.Count > 0 && request.Covariance.Count > 0) throw Refuse.Field("/covariance", "must be left out where series are given; it is estimated from them");
        if (request.Series.Count > 0)
        {
            var points = request.Series.Values.Sum(series => (long)series.Returns.Count);
            if (points > MaxPoints) throw Refuse.Field(ReasonCodes.TooLarge, "/series", string.Create(CultureInfo.InvariantCulture, $"must hold {MaxPoints} returns at most, held {points}"));
            return new RiskFacts(ProposalSources.Series, request.Series.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<double>)pair.Value.Returns, StringComparer.Ordinal), null, "");
        }

        return request.Covariance.Count > 0 ? new RiskFacts(ProposalSources.Covariance, null, request.Covariance, "") : snapshot;
    }

    private static double PeriodsPerYear(double periods) =>
        periods >= 0 && double.IsFinite(periods) ? periods : throw Refuse.Field("/periods_per_year", string.Create(CultureInfo.InvariantCulture, $"must be 0 or above, was {periods}"));
}
