using Qmtl.Storage;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>What a promotion asks of an apply: that one strategy stands at live when it completes.</summary>
/// <param name="StrategyId">The strategy that goes live; the others of the active set keep their stage.</param>
/// <param name="RunId">The paper run it was judged by; empty means its newest.</param>
/// <param name="Forced">Whether two persons waived approval and failed validation; nothing else can be waived.</param>
internal sealed record LiveGrant(string StrategyId, string RunId, bool Forced);

/// <summary>Whether strategies may go live now. Asked again in the transaction that takes them there: what was true of the plan may have ended.</summary>
internal interface ILiveEligibility
{
    /// <summary>Reason codes of what stands in the way, most important first, by strategy; a strategy that may go live is not listed.</summary>
    /// <param name="session">The transaction or snapshot to read in.</param>
    /// <param name="world">The world, as locked.</param>
    /// <param name="strategies">Who shall be live; those that are already are not judged again.</param>
    /// <param name="grant">What a promotion waived; null outside of one.</param>
    /// <param name="now">The time that counts.</param>
    Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> BlockedAsync(
        ISession session, WorldRow world, IReadOnlyCollection<string> strategies, LiveGrant? grant, DateTimeOffset now);
}
