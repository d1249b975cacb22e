using Qmtl.Identity;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Policies;

namespace Qmtl.WorldService.Promotion;

/// <summary>Who acts, and whether that person may judge a strategy. Pure.</summary>
internal static class Persons
{
    private const int NameLength = 200;

    /// <summary>The person in whose name something happens. Who authenticated acts in no other name; where nobody does, the request has to say.</summary>
    /// <exception cref="RefusalException">Nobody is named, or somebody else is.</exception>
    public static string ActorOf(Caller caller, string stated)
    {
        var name = stated.Trim();
        if (name.Length > NameLength) throw Refuse.Field("/actor", $"must be at most {NameLength} characters");
        if (!caller.IsKnown) return name.Length > 0 ? name : throw Refuse.Field("/actor", "must name who does this, since nobody authenticated");
        return name.Length == 0 || string.Equals(name, caller.Subject, StringComparison.Ordinal)
            ? caller.Subject
            : throw new RefusalException(ReasonCodes.PermissionDenied, $"{caller.Subject} cannot act in the name of {name}; leave actor empty.");
    }

    /// <summary>Refuses a person who may not judge the strategy: not on the policy's list, or its owner.</summary>
    public static void RequireApprover(string actor, string owner, GovernancePolicy? governance, string strategyId)
    {
        if (governance is { Approvers.Count: > 0 } && !governance.Approvers.Contains(actor, StringComparer.Ordinal))
        {
            throw new RefusalException(ReasonCodes.ApproverNotAllowed, $"{actor} is not among the approvers of the policy: {string.Join(", ", governance.Approvers)}.");
        }

        if (string.Equals(actor, owner, StringComparison.Ordinal))
        {
            throw new RefusalException(ReasonCodes.ApproverNotAllowed, $"{actor} brought '{strategyId}' into the world, and nobody judges their own strategy. Ask somebody else.");
        }
    }

    public static bool MayApprove(string actor, string owner, GovernancePolicy? governance) =>
        !string.Equals(actor, owner, StringComparison.Ordinal) && (governance is not { Approvers.Count: > 0 } || governance.Approvers.Contains(actor, StringComparer.Ordinal));
}
