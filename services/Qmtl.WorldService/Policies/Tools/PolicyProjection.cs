using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>What a policy makes of a world.</summary>
/// <param name="Next">The next evaluation, with what hysteresis still holds back.</param>
/// <param name="Settled">Who is active once hysteresis has had its time, if the measurements stay as they are.</param>
internal sealed record PolicyProjection(PolicyOutcome Next, IReadOnlySet<string> Settled)
{
    public static PolicyProjection Of(PolicyDocument policy, PolicyInputs inputs)
    {
        var next = PolicyEngine.Evaluate(policy, inputs);
        // Streaks and dwell only delay: without them one evaluation goes where many lead.
        var settled = policy.Streaks is null ? next : PolicyEngine.Evaluate(policy with { Streaks = null }, inputs);
        return new PolicyProjection(next, settled.Active.ToHashSet(StringComparer.Ordinal));
    }
}
