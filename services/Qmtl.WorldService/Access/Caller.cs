using Grpc.Core;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;

namespace Qmtl.WorldService.Access;

/// <summary>Who calls; what the audit records.</summary>
/// <param name="Subject">The verified subject; <c>local</c> where nobody has to sign in.</param>
/// <param name="Roles">What they may do, and where.</param>
/// <param name="CorrelationId">Id of the request.</param>
internal sealed record Caller(string Subject, IReadOnlyList<WorldGrant> Roles, string CorrelationId)
{
    public const string CorrelationHeader = "x-correlation-id";

    /// <summary>Whether <see cref="Subject"/> is one person: whoever works on this machine may be several.</summary>
    public bool IsKnown { get; init; } = true;

    /// <summary>What the rpc needs at least that is being called; null where nothing.</summary>
    public WorldRole? Needed { get; init; }

    /// <summary>Whether a service calls for itself what it alone has to.</summary>
    public bool IsServiceDuty { get; init; }

    /// <summary>Refuses a caller who may not act so: who lacks what the handler asks for, or what <see cref="RpcRoles"/> asks for the rpc.</summary>
    /// <exception cref="RefusalException">The caller lacks the role.</exception>
    public void Require(string worldId, WorldRole role)
    {
        var needed = Needed is { } least && least > role ? least : role;
        if (Allows(worldId, needed)) return;
        var name = needed.ToString().ToLowerInvariant();
        throw new RefusalException(ReasonCodes.PermissionDenied, $"{Subject} needs the role {name} in world '{worldId}'; ask its owner for it.");
    }

    public bool Allows(string worldId, WorldRole role) => IsServiceDuty || Roles.Any(given => given.Covers(worldId, role));

    public static Caller From(ServerCallContext context)
    {
        var identity = context.Caller();
        var correlation = context.RequestHeaders.GetValue(CorrelationHeader);
        return new Caller(identity.Subject, identity.Grants, string.IsNullOrWhiteSpace(correlation) ? Guid.CreateVersion7().ToString("N") : correlation)
        {
            IsKnown = identity.Kind is CallerKind.User or CallerKind.Service,
            Needed = RpcRoles.Of(context.Method),
            IsServiceDuty = identity.Kind == CallerKind.Service && RpcRoles.IsDutyOf(identity.Subject, context.Method),
        };
    }
}
