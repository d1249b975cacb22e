using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.WorldService.Apply.Gating;

/// <summary>A gating policy that has every part it needs.</summary>
/// <param name="From">The domain its strategies come from; null when it names none.</param>
/// <param name="To">The domain they go to.</param>
/// <param name="Close">The domain whose incoming edges are closed by the freeze.</param>
/// <param name="Open">The domain into which an edge is opened by the unfreeze.</param>
internal sealed record GatingPlan(
    string Fingerprint,
    ExecutionDomain From,
    ExecutionDomain To,
    ExecutionDomain Close,
    ExecutionDomain Open,
    DateTimeOffset? NotBefore,
    TimeSpan FreezeTimeout,
    IReadOnlyDictionary<string, double> RiskLimits,
    IReadOnlyDictionary<string, double> DivergenceGuards,
    bool? CanShort)
{
    /// <summary>Whether the transition ends where orders are real, or lets anything flow there.</summary>
    public bool TowardsLive => To is ExecutionDomain.Live || Open is ExecutionDomain.Live;
}

/// <summary>Reads a gating policy strictly: a part that is missing or not understood is named with its pointer. Pure.</summary>
internal static class GatingRules
{
    public const string SharePolicy = "feature-artifacts-only";
    public const string AuditTopic = "audit";

    private const int StandardFreezeMs = 30_000;
    private const int MaxFreezeMs = 600_000;
    private const string Root = "/gating_policy/";

    /// <summary>Reads a policy.</summary>
    /// <exception cref="RefusalException">With every problem, not only the first.</exception>
    public static GatingPlan Read(GatingPolicy policy)
    {
        var problems = new Problems();
        problems.Require(policy.DatasetFingerprint.Length > 0, "dataset_fingerprint", "must name the data set that the transition is bound to");
        problems.Require(policy.SharePolicy is SharePolicy, "share_policy", $"must be {SharePolicy}, was '{policy.SharePolicy}'");
        problems.Require(policy.Snapshot?.StrategyPlane is { Length: > 0 }, "snapshot/strategy_plane", "must say how the strategy plane is snapshotted, such as cow");
        problems.Require(policy.Snapshot?.FeaturePlane is { Length: > 0 }, "snapshot/feature_plane", "must say how the feature plane is snapshotted, such as readonly");
        problems.Require(policy.Observability?.Slo?.CrossContextCacheHit is 0, "observability/slo/cross_context_cache_hit", "must be 0");
        problems.Require(policy.Apply is null or { Mode: "" or "two_phase" }, "apply/mode", $"must be two_phase, was '{policy.Apply?.Mode}'");
        var freeze = policy.Apply?.FreezeTimeoutMs ?? 0;
        problems.Require(freeze is >= 0 and <= MaxFreezeMs, "apply/freeze_timeout_ms", $"must be 1 to {MaxFreezeMs}, was {freeze}");
        problems.Require(policy.AuditTopic is "" or AuditTopic, "audit_topic", $"must be {AuditTopic} or absent, was '{policy.AuditTopic}'");
        problems.Require(policy.PromotionPoint is null or { Nanos: >= 0 and <= 999_999_999 }, "promotion_point", "must be an RFC 3339 time");

        var close = problems.Domain(policy.Edges?.PrePromotion?.DisableEdgesTo, "edges/pre_promotion/disable_edges_to");
        var open = problems.Domain(policy.Edges?.PostPromotion?.EnableEdgesTo, "edges/post_promotion/enable_edges_to");
        var (from, to) = Transition(policy.Domains, open, problems);
        problems.Require(open == to, "edges/post_promotion/enable_edges_to", "must be the domain of domains.to");
        CheckClocks(policy, problems);
        var limits = problems.Numbers(policy.RiskLimits, "risk_limits");
        var guards = problems.Numbers(policy.DivergenceGuards, "divergence_guards");
        problems.Require(guards.All(guard => guard.Value >= 0), "divergence_guards", "must not be negative");
        problems.Require(policy.ExecutionModel is null or { Fields.Count: > 0 }, "execution_model", "must say something, or be absent");
        problems.Throw();
        return new GatingPlan(
            policy.DatasetFingerprint, from, to, close, open, policy.PromotionPoint?.ToDateTimeOffset(),
            TimeSpan.FromMilliseconds(freeze == 0 ? StandardFreezeMs : freeze), limits, guards, policy.CanShort);
    }

    /// <summary>Whether strategies may go from one domain to the other in one step. Live comes after paper, never straight after a backtest.</summary>
    public static bool IsLegal(ExecutionDomain from, ExecutionDomain to) => (from, to) switch
    {
        _ when from == to => true,
        (ExecutionDomain.Backtest, ExecutionDomain.Live) => false,
        (ExecutionDomain.Shadow, ExecutionDomain.Live) => false,
        _ => true,
    };

    /// <summary>Where the policy does not say whence, it is the step before: live from paper, paper from backtest.</summary>
    private static (ExecutionDomain From, ExecutionDomain To) Transition(GatingDomains? domains, ExecutionDomain open, Problems problems)
    {
        var to = domains?.To is { Length: > 0 } named ? problems.Domain(named, "domains/to") : open;
        var from = domains?.From is { Length: > 0 } origin ? problems.Domain(origin, "domains/from") : to is ExecutionDomain.Live ? ExecutionDomain.Dryrun : ExecutionDomain.Backtest;
        problems.Require(IsLegal(from, to), "domains", $"must be a legal transition; {from.ToToken()} to {to.ToToken()} is none, go through dryrun");
        return (from, to);
    }

    private static void CheckClocks(GatingPolicy policy, Problems problems)
    {
        foreach (var (name, clock) in policy.Clocks)
        {
            var domain = ExecutionModes.ParseDomain(name);
            problems.Require(domain is not null, $"clocks/{name}", "must be backtest, dryrun, live or shadow");
            problems.Require(clock is "virtual" or "wall", $"clocks/{name}", $"must be virtual or wall, was '{clock}'");
            problems.Require(clock is not "virtual" || domain is ExecutionDomain.Backtest or null, $"clocks/{name}", "must be wall: only a backtest has a virtual clock");
        }
    }

    private sealed class Problems
    {
        private readonly List<FieldError> _errors = [];

        public void Require(bool holds, string field, string message)
        {
            if (!holds) _errors.Add(new FieldError(Root + field, message));
        }

        public ExecutionDomain Domain(string? token, string field)
        {
            if (ExecutionModes.ParseDomain(token) is { } domain) return domain;
            _errors.Add(new FieldError(Root + field, $"must be backtest, dryrun, live or shadow, was '{token}'"));
            return ExecutionDomain.Backtest;
        }

        public Dictionary<string, double> Numbers(Google.Protobuf.WellKnownTypes.Struct? map, string field)
        {
            var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
            foreach (var (name, value) in map?.Fields ?? [])
            {
                var isNumber = value.KindCase is Google.Protobuf.WellKnownTypes.Value.KindOneofCase.NumberValue && double.IsFinite(value.NumberValue);
                Require(isNumber, $"{field}/{name}", "must be a finite number");
                if (isNumber) numbers[name] = value.NumberValue;
            }

            return numbers;
        }

        public void Throw()
        {
            if (_errors.Count == 0) return;
            throw new RefusalException(
                ReasonCodes.GatingPolicyInvalid, $"The gating policy has {_errors.Count} problem(s): {string.Join("; ", _errors.Select(error => $"{error.Pointer} {error.Message}"))}.", _errors);
        }
    }
}
