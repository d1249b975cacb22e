namespace Qmtl.Gateway.Tokens;

/// <summary>The keys in force at a time. Immutable.</summary>
internal sealed class KeyRing
{
    private readonly IReadOnlyList<Held> _held;

    private KeyRing(TokenKey active, IReadOnlyList<Held> held) => (Active, _held) = (active, held);

    /// <summary>Signs.</summary>
    public TokenKey Active { get; }

    /// <summary>A ring of keys, the first of which that can sign does.</summary>
    /// <exception cref="InvalidOperationException">None can.</exception>
    public static KeyRing Of(IReadOnlyList<TokenKey> keys) => new(
        keys.FirstOrDefault(key => key.CanSign) ?? throw new InvalidOperationException("There is no private key among the token keys; the first private key signs."),
        [.. keys.DistinctBy(key => key.Id, StringComparer.Ordinal).Select(key => new Held(key, null))]);

    /// <summary>This ring after other keys took over: what it had still verifies for <paramref name="life"/>, the life of tokens signed a moment ago.</summary>
    public KeyRing Replace(IReadOnlyList<TokenKey> keys, DateTimeOffset now, TimeSpan life)
    {
        var next = Of(keys);
        var leaving = _held
            .Where(held => next._held.All(kept => kept.Key.Id != held.Key.Id))
            .Select(held => held with { Until = held.Until ?? now + life })
            .Where(held => held.Until > now);
        return new KeyRing(next.Active, [.. next._held, .. leaving]);
    }

    /// <summary>The keys that verify at a time.</summary>
    public IEnumerable<TokenKey> At(DateTimeOffset now) => _held.Where(held => held.Until is null || held.Until > now).Select(held => held.Key);

    private sealed record Held(TokenKey Key, DateTimeOffset? Until);
}
