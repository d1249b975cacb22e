using Qmtl.Identity;

namespace Qmtl.WorldService.Access;

/// <summary>What one may do in a world; each role includes those before it.</summary>
internal enum WorldRole
{
    Reader,
    Operator,
    Owner,
}

/// <summary>Whether a caller may act in a world.</summary>
internal sealed class WorldAccess(WorldServiceOptions options)
{
    /// <summary>Refuses a caller who may not act so: who lacks what the handler asks for, or what <see cref="RpcRoles"/> asks for the rpc.</summary>
    /// <exception cref="RefusalException">The caller lacks the role, and roles are enforced.</exception>
    public void Require(Caller caller, string worldId, WorldRole role)
    {
        var needed = caller.Needed is { } least && least > role ? least : role;
        if (Allows(caller, worldId, needed)) return;
        var name = needed.ToString().ToLowerInvariant();
        throw new RefusalException(ReasonCodes.PermissionDenied, $"{caller.Subject} needs the role {name} in world '{worldId}'; ask its owner for it.");
    }

    public bool Allows(Caller caller, string worldId, WorldRole role) =>
        !options.EnforceRoles || caller.Roles.Any(given => Grants(given, worldId, role));

    private static bool Grants(string given, string worldId, WorldRole role)
    {
        var colon = given.LastIndexOf(':');
        if (colon >= 0 && !string.Equals(given[..colon], worldId, StringComparison.Ordinal)) return false;
        var name = given.AsSpan(colon + 1);

        // Parsing would take numbers for names: "2" is no role.
        return name.Length > 0 && char.IsAsciiLetter(name[0]) && Enum.TryParse<WorldRole>(name, ignoreCase: true, out var granted) && granted >= role;
    }
}
