using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.WorldService.Decisions;

/// <summary>A decision as it is answered. Pure.</summary>
internal static class DecisionEnvelopes
{
    public static DecisionEnvelope Of(DecisionInputs inputs, Decision decision)
    {
        var envelope = new DecisionEnvelope
        {
            WorldId = inputs.WorldId,
            PolicyVersion = inputs.PolicyVersion,
            EffectiveMode = decision.Mode.ToToken(),
            Reason = decision.Reason,
            AsOf = Timestamp.FromDateTimeOffset(decision.AsOf),
            Ttl = Duration.FromTimeSpan(decision.Ttl),
            Etag = decision.Etag,
        };
        if (inputs.Facts is not { } facts) return envelope;
        envelope.DatasetFingerprint = facts.Fingerprint;
        envelope.CoverageBounds.Add(facts.Report.CoverageBounds);
        envelope.ConformanceFlags.Add(facts.Report.ConformanceFlags);
        envelope.ConformanceWarnings.Add(facts.Report.ConformanceWarnings);
        envelope.HistoryUpdatedAt = Timestamp.FromDateTimeOffset(facts.UpdatedAt);
        envelope.Rows = facts.Report.Rows;
        envelope.Artifact = facts.Report.Artifact;
        return envelope;
    }
}
