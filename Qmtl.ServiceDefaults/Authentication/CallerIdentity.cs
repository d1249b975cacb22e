using Grpc.Core;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>How somebody is known.</summary>
public enum CallerKind
{
    /// <summary>Not at all: only what is open to everyone.</summary>
    Anonymous,

    /// <summary>By being on this machine, where nobody has to sign in.</summary>
    Local,

    /// <summary>By a token of the identity provider.</summary>
    User,

    /// <summary>As a part of this system, acting for itself.</summary>
    Service,
}

/// <summary>Who asks, as this process has verified it. Nothing a client can send sets it but a valid token.</summary>
/// <param name="Kind">How they are known.</param>
/// <param name="Subject">Their name; what the audit records.</param>
/// <param name="Grants">Their roles.</param>
/// <param name="Via">The service that vouches for them; empty where they came by themselves.</param>
public sealed record CallerIdentity(CallerKind Kind, string Subject, IReadOnlyList<WorldGrant> Grants, string Via = "")
{
    /// <summary>The name of who works on this machine without signing in.</summary>
    public const string LocalSubject = "local";

    /// <summary>The name of who is not known.</summary>
    public const string AnonymousSubject = "anonymous";

    /// <summary>What names of services begin with.</summary>
    public const string ServicePrefix = "service:";

    /// <summary>Somebody who is not known.</summary>
    public static CallerIdentity Anonymous { get; } = new(CallerKind.Anonymous, AnonymousSubject, []);

    /// <summary>Whoever works on this machine.</summary>
    public static CallerIdentity Local { get; } = new(CallerKind.Local, LocalSubject, [new WorldGrant(WorldGrant.EveryWorld, WorldRole.Owner)]);

    /// <summary>Whether a part of this system asks, for itself or for somebody it has verified.</summary>
    public bool IsService => Kind == CallerKind.Service || Via.Length > 0;

    /// <summary>Whether the caller has a role in a world.</summary>
    /// <param name="worldId">The world's id; <c>*</c> or empty asks for all worlds.</param>
    /// <param name="role">The role that is needed at least.</param>
    public bool Allows(string worldId, WorldRole role)
    {
        var world = string.IsNullOrEmpty(worldId) ? WorldGrant.EveryWorld : worldId;
        foreach (var grant in Grants)
        {
            if (grant.Covers(world, role)) return true;
        }

        return false;
    }

    /// <summary>Refuses a caller who lacks a role.</summary>
    /// <param name="worldId">The world's id; <c>*</c> or empty asks for all worlds.</param>
    /// <param name="role">The role that is needed at least.</param>
    /// <exception cref="RefusalException"><c>E_AUTH</c> where nobody is known, else <c>E_PERMISSION_DENIED</c>.</exception>
    public void Require(string worldId, WorldRole role)
    {
        if (Allows(worldId, role)) return;
        var name = role.ToString().ToLowerInvariant();
        var where = string.IsNullOrEmpty(worldId) || string.Equals(worldId, WorldGrant.EveryWorld, StringComparison.Ordinal) ? "in all worlds (*)" : $"in world '{worldId}'";
        throw Kind == CallerKind.Anonymous
            ? AuthRefusals.Missing()
            : new RefusalException(ReasonCodes.PermissionDenied, $"{Subject} needs the role {name} {where}; ask its owner for it.");
    }

    /// <summary>The headers in which the next service is told that the call is for this caller.</summary>
    public Metadata ToMetadata()
    {
        var headers = new Metadata();
        IdentityHeaders.Add(headers, this);
        return headers;
    }

    /// <summary>Whether a name may belong to a user: those that this system uses itself may not.</summary>
    internal static bool IsUserName(string subject) =>
        subject.Length is > 0 and <= 256
        && !subject.Any(char.IsControl)
        && !subject.StartsWith(ServicePrefix, StringComparison.OrdinalIgnoreCase)
        && !subject.Equals(LocalSubject, StringComparison.OrdinalIgnoreCase)
        && !subject.Equals(AnonymousSubject, StringComparison.OrdinalIgnoreCase);
}
