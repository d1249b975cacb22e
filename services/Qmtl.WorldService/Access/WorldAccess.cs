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
    /// <summary>Refuses a caller who may not act so.</summary>
    /// <exception cref="RefusalException">The caller lacks the role, and roles are enforced.</exception>
    public void Require(Caller caller, string worldId, WorldRole role)
    {
        if (Allows(caller, worldId, role)) return;
        var name = role.ToString().ToLowerInvariant();
        throw new RefusalException(ReasonCodes.PermissionDenied, $"{caller.Subject} needs the role {name} in world '{worldId}'; ask its owner for it.");
    }

    public bool Allows(Caller caller, string worldId, WorldRole role) =>
        !options.EnforceRoles || caller.Roles.Any(given => Grants(given, worldId, role));

    private static bool Grants(string given, string worldId, WorldRole role)
    {
        var colon = given.LastIndexOf(':');
        if (colon >= 0 && !string.Equals(given[..colon], worldId, StringComparison.Ordinal)) return false;
        return Enum.TryParse<WorldRole>(given[(colon + 1)..], ignoreCase: true, out var granted) && granted >= role;
    }
}
