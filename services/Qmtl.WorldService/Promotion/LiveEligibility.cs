using Qmtl.Storage;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>The rules of promotion, for whoever is about to take strategies live.</summary>
internal sealed class LiveEligibility(PromotionReader reader) : ILiveEligibility
{
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> BlockedAsync(
        ISession session, WorldRow world, IReadOnlyCollection<string> strategies, LiveGrant? grant, DateTimeOffset now)
    {
        var state = await reader.WorldAsync(session, world, now);
        string[] coming = [.. strategies.Except(state.Live, StringComparer.Ordinal)];
        var blocked = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var strategy in coming)
        {
            var mine = grant is not null && string.Equals(grant.StrategyId, strategy, StringComparison.Ordinal) ? grant : null;
            var promotion = await PromotionReader.ReadAsync(session, state, strategy, mine?.RunId ?? "", now);
            var verdict = PromotionRules.Plan(Together(promotion.Inputs, coming, now), now);
            var reasons = mine?.Forced == true ? verdict.BlockedWhenForced : verdict.Blocked;
            if (reasons.Count > 0) blocked[strategy] = reasons;
        }

        return blocked;
    }

    /// <summary>Strategies that go live together take up slots together, and each of them is a promotion that the others have to wait for.</summary>
    private static PromotionInputs Together(PromotionInputs inputs, string[] coming, DateTimeOffset now) => coming.Length == 1
        ? inputs
        : inputs with
        {
            Live = inputs.Live.Union(coming.Where(id => !string.Equals(id, inputs.StrategyId, StringComparison.Ordinal)), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal),
            LastPromotionAt = now,
        };
}
