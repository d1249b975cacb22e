using System.Globalization;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>What one may do in a world; each role includes those before it.</summary>
public enum WorldRole
{
    /// <summary>Read everything about it.</summary>
    Reader,

    /// <summary>Submit, evaluate, activate, apply and trade.</summary>
    Operator,

    /// <summary>Change its rules, and delete it.</summary>
    Owner,
}

/// <summary>A role in one world, or in all.</summary>
/// <param name="World">The world's id; <see cref="EveryWorld"/> for all.</param>
/// <param name="Role">The role.</param>
public readonly record struct WorldGrant(string World, WorldRole Role)
{
    /// <summary>Stands for all worlds.</summary>
    public const string EveryWorld = "*";

    /// <summary>Whether it allows acting as <paramref name="role"/> in <paramref name="world"/>; asked for <see cref="EveryWorld"/>, whether it does so in all.</summary>
    public bool Covers(string world, WorldRole role) =>
        Role >= role && (string.Equals(World, EveryWorld, StringComparison.Ordinal) || string.Equals(World, world, StringComparison.Ordinal));

    /// <inheritdoc />
    public override string ToString() => $"{World}:{Role.ToString().ToLowerInvariant()}";

    /// <summary>Grants as one header value.</summary>
    public static string Write(IEnumerable<WorldGrant> grants) => string.Join(',', grants);

    /// <summary>Reads what <see cref="Write"/> wrote. What names no world or no role is left out: it grants nothing.</summary>
    public static IReadOnlyList<WorldGrant> Parse(string? header) =>
        [.. (header ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Read).OfType<WorldGrant>()];

    /// <summary>One grant, <c>world:role</c>, or a role in all worlds; null where it is neither.</summary>
    public static WorldGrant? Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.LastIndexOf(':');
        return Of(colon < 0 ? EveryWorld : text[..colon], text[(colon + 1)..]);
    }

    /// <summary>The grant of a role by its name; null where the world cannot exist or the role does not.</summary>
    public static WorldGrant? Of(string world, string role)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(role);
        if (!string.Equals(world, EveryWorld, StringComparison.Ordinal) && !IsWorld(world)) return null;
        return role.Trim().ToLower(CultureInfo.InvariantCulture) switch
        {
            "reader" => new WorldGrant(world, WorldRole.Reader),
            "operator" => new WorldGrant(world, WorldRole.Operator),
            "owner" => new WorldGrant(world, WorldRole.Owner),
            _ => null,
        };
    }

    // Anything else would let a name carry a second grant: "a,*:owner".
    private static bool IsWorld(string text) => text.Length is > 0 and <= 64 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-');
}
