using Qmtl.Storage;

namespace Qmtl.WorldService.Apply;

/// <summary>Changes of stage that the caller of the engine has decided itself, by the rules of promotion.</summary>
/// <param name="Promote">Strategies that the run brings to live when it switches.</param>
/// <param name="Demote">Strategies that it brings back to paper.</param>
internal sealed record LiveGrant(IReadOnlyList<string> Promote, IReadOnlyList<string> Demote)
{
    public static LiveGrant None { get; } = new([], []);
}

/// <summary>Whether strategies may go live by the promotion rules of their world.</summary>
internal interface ILiveEligibility
{
    /// <summary>Why not, by strategy, in the order of the rules; a strategy without an entry, or with an empty one, may.</summary>
    Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> BlockedAsync(ISession session, string worldId, IReadOnlyList<string> strategies, DateTimeOffset now);
}

/// <summary>Where no rules of promotion are served, nothing goes live.</summary>
internal sealed class NoLiveEligibility : ILiveEligibility
{
    private static readonly string[] Reason = ["promotion_rules_unavailable"];

    public Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> BlockedAsync(ISession session, string worldId, IReadOnlyList<string> strategies, DateTimeOffset now) =>
        Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<string>>>(strategies.ToDictionary(id => id, _ => (IReadOnlyList<string>)Reason, StringComparer.Ordinal));
}
