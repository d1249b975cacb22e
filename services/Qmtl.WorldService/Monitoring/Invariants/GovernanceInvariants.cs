using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Monitoring.Invariants;

/// <summary>Whether what was judged and approved still stands. Pure.</summary>
internal static class GovernanceInvariants
{
    public const int StrictReviewDays = 30;
    public const int ReviewDays = 90;
    private const double Tolerance = 1e-6;

    /// <summary>A live strategy's newest live run must pass, under the policy in force.</summary>
    public static IEnumerable<InvariantFinding> LiveStatus(InvariantFacts facts)
    {
        foreach (var stage in facts.Stages.Where(stage => stage.Stage is StageNames.Live))
        {
            var run = facts.LatestRuns.FirstOrDefault(run => run.Stage is StageNames.Live && string.Equals(run.StrategyId, stage.StrategyId, StringComparison.Ordinal));
            if (run is null)
            {
                yield return Finding(stage.StrategyId, "", "live_run_missing", $"is live and has no live run; monitor it with POST /worlds/{facts.World.WorldId}/live-monitoring/run");
                continue;
            }

            var status = run.Summary?.Status ?? "";
            if (status is not "pass") yield return Finding(run, "live_run_not_passed", $"is live and its newest live run says '{status}'{(run.Summary?.Reason is { Length: > 0 } reason ? $" ({reason})" : "")}");
            if ((run.Validation?.PolicyVersion ?? 0) < facts.World.DefaultPolicyVersion)
            {
                yield return Finding(run, "live_policy_outdated", string.Create(CultureInfo.InvariantCulture, $"is live and was judged by policy version {run.Validation?.PolicyVersion ?? 0}, while {facts.World.DefaultPolicyVersion} is in force"));
            }
        }
    }

    /// <summary>Where clients depend on a world of tier high, what cannot be judged must fail.</summary>
    public static IEnumerable<InvariantFinding> FailClosed(InvariantFacts facts)
    {
        if (!facts.Strict) yield break;
        if (facts.Policy is null)
        {
            yield return Finding("", "", "policy_missing", "the world is of tier high and client critical, and has no policy");
            yield break;
        }

        if (!facts.Policy.Validation.Fail) yield return Finding("", "", "on_error_not_fail", "the world is of tier high and client critical; its policy must say validation.on_error: fail");
        if (facts.Policy.Validation.OnMissing != MissingMetric.Fail) yield return Finding("", "", "on_missing_metric_not_fail", "the world is of tier high and client critical; its policy must say validation.on_missing_metric: fail");
    }

    /// <summary>Approvals against a verdict, and when they have to be looked at again.</summary>
    public static IEnumerable<OverrideReview> Overrides(InvariantFacts facts)
    {
        foreach (var run in facts.Approved)
        {
            var summary = run.Summary;
            var days = facts.Strict || run.Stage is StageNames.Live ? StrictReviewDays : ReviewDays;
            var review = new OverrideReview
            {
                StrategyId = run.StrategyId,
                RunId = run.RunId,
                Actor = summary.OverrideActor,
                Reason = summary.OverrideReason,
                Timestamp = summary.OverrideTimestamp,
                ReviewWindowDays = days,
            };
            if (summary.OverrideReason.Length == 0) review.MissingFields.Add("override_reason");
            if (summary.OverrideActor.Length == 0) review.MissingFields.Add("override_actor");
            if (summary.OverrideTimestamp is null) review.MissingFields.Add("override_timestamp");
            else review.ReviewDueAt = Timestamp.FromDateTimeOffset(summary.OverrideTimestamp.ToDateTimeOffset().AddDays(days));

            // An approval whose time nobody knows is due at once.
            review.ReviewOverdue = review.ReviewDueAt is null || review.ReviewDueAt.ToDateTimeOffset() < facts.Now;
            yield return review;
        }
    }

    /// <summary>What a run says of its own completeness must be what a recount gives.</summary>
    public static IEnumerable<InvariantFinding> Health(InvariantFacts facts)
    {
        foreach (var run in facts.LatestRuns)
        {
            if (run.Metrics?.Diagnostics?.ValidationHealth is not { } recorded)
            {
                yield return Finding(run, "validation_health_missing", "does not say how complete its evaluation was");
                continue;
            }

            var counted = ValidationHealths.Of(run);
            if (Math.Abs(recorded.MetricCoverageRatio - counted.MetricCoverageRatio) > Tolerance
                || Math.Abs(recorded.RulesExecutedRatio - counted.RulesExecutedRatio) > Tolerance
                || recorded.ValidationErrorCount != counted.ValidationErrorCount)
            {
                yield return Finding(run, "validation_health_mismatch", string.Create(
                    CultureInfo.InvariantCulture,
                    $"records coverage {recorded.MetricCoverageRatio:G6}, rules {recorded.RulesExecutedRatio:G6}, errors {recorded.ValidationErrorCount}; a recount gives {counted.MetricCoverageRatio:G6}, {counted.RulesExecutedRatio:G6}, {counted.ValidationErrorCount}"));
            }
        }
    }

    private static InvariantFinding Finding(EvaluationRun run, string code, string message) => Finding(run.StrategyId, run.RunId, code, message);

    private static InvariantFinding Finding(string strategyId, string runId, string code, string message) => new()
    {
        StrategyId = strategyId,
        RunId = runId,
        ReasonCode = code,
        Message = strategyId.Length == 0 ? message : runId.Length == 0 ? $"Strategy '{strategyId}' {message}." : $"Strategy '{strategyId}', run '{runId}', {message}.",
    };
}
