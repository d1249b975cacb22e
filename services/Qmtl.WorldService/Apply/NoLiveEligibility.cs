using Qmtl.Storage;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Apply;

/// <summary>Where no rules of promotion are served, nothing goes live.</summary>
internal sealed class NoLiveEligibility : ILiveEligibility
{
    private static readonly string[] Reasons = ["promotion_rules_unavailable"];

    public Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> BlockedAsync(
        ISession session, WorldRow world, IReadOnlyCollection<string> strategies, LiveGrant? grant, DateTimeOffset now) =>
        Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<string>>>(strategies.ToDictionary(id => id, _ => (IReadOnlyList<string>)Reasons, StringComparer.Ordinal));
}
