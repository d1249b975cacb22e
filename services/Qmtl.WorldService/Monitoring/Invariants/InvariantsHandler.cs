using Google.Protobuf.WellKnownTypes;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Policies;

namespace Qmtl.WorldService.Monitoring.Invariants;

/// <summary>Reports whether a world's governance and stored state still hold.</summary>
internal sealed class InvariantsHandler(IDatabase database, PolicyStore policies, TimeProvider clock)
{
    public Task<ValidationInvariantsReport> GetAsync(GetValidationInvariantsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(async session => Report(await InvariantFacts.LoadAsync(session, policies, request.WorldId, clock.GetUtcNow())), cancellationToken);
    }

    /// <summary>The report on some facts. Pure.</summary>
    public static ValidationInvariantsReport Report(InvariantFacts facts)
    {
        var report = new ValidationInvariantsReport { WorldId = facts.World.WorldId, GeneratedAt = Timestamp.FromDateTimeOffset(facts.Now) };
        report.LiveStatusFailures.Add(GovernanceInvariants.LiveStatus(facts));
        report.FailClosedViolations.Add(GovernanceInvariants.FailClosed(facts));
        report.ApprovedOverrides.Add(GovernanceInvariants.Overrides(facts));
        report.ValidationHealthGaps.Add(GovernanceInvariants.Health(facts));
        report.StateViolations.Add(StateInvariants.Check(facts));
        report.Ok = report.LiveStatusFailures.Count == 0 && report.FailClosedViolations.Count == 0 && report.ValidationHealthGaps.Count == 0 && report.StateViolations.Count == 0
            && report.ApprovedOverrides.All(review => !review.ReviewOverdue && review.MissingFields.Count == 0);
        return report;
    }
}
