using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Promotion;

namespace Qmtl.WorldService.Evaluation.Review;

/// <summary>How a human judgement is read and recorded. Pure.</summary>
internal static class OverrideRules
{
    /// <summary>The judgement of a request, in the name of who authenticated; without a time it is made now.</summary>
    public static EvaluationOverride Read(OverrideRunRequest request, Caller caller, DateTimeOffset now)
    {
        if (request.Status.Length == 0) throw Refuse.Field("/status", "must be approved, rejected or none");
        return new EvaluationOverride
        {
            Status = request.Status,
            Reason = request.Reason,
            Actor = caller.IsKnown ? Persons.ActorOf(caller, request.Actor) : request.Actor,
            Timestamp = request.Timestamp ?? Timestamp.FromDateTimeOffset(now),
        };
    }

    /// <summary>The same judgement by the same person for the same reason; only the time it was sent differs.</summary>
    public static bool IsRepeat(EvaluationSummary summary, EvaluationOverride given) =>
        string.Equals(summary.OverrideStatus, given.Status, StringComparison.Ordinal)
        && string.Equals(summary.OverrideReason, given.Reason, StringComparison.Ordinal)
        && string.Equals(summary.OverrideActor, given.Actor, StringComparison.Ordinal);

    public static void Set(EvaluationSummary summary, EvaluationOverride given)
    {
        summary.OverrideStatus = given.Status;
        summary.OverrideReason = given.Reason;
        summary.OverrideActor = given.Actor;
        summary.OverrideTimestamp = given.Timestamp;
    }
}
