using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Serves other parts of this system, which have checked who asks; beside them only operators of all worlds.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class ServicesOnlyAttribute : Attribute
{
    internal static void Check(CallerIdentity caller)
    {
        if (!caller.IsService && !caller.Allows(WorldGrant.EveryWorld, WorldRole.Operator))
            throw new RefusalException(ReasonCodes.PermissionDenied, $"{caller.Subject} may not call this service; call the Gateway, or ask for the role operator in all worlds (*).");
    }
}
