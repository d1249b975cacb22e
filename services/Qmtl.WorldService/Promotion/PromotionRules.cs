using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Promotion;

/// <summary>Whether a strategy may go live. Pure; whatever is missing or unknown stands in the way.</summary>
internal static class PromotionRules
{
    public static PromotionVerdict Plan(PromotionInputs inputs, DateTimeOffset now)
    {
        var target = Target(inputs);
        var cooldown = CooldownLeft(inputs, now);
        var live = inputs.Live.Append(inputs.StrategyId).Distinct(StringComparer.Ordinal).Count();
        (string Reason, bool Blocks)[] rules =
        [
            (PromotionReasons.Disabled, inputs.Mode is PromotionModes.Disabled),
            (PromotionReasons.WorldInactive, !inputs.WorldActive),
            (PromotionReasons.LiveNotAllowed, !inputs.AllowLive),
            (PromotionReasons.Circuit, inputs.CircuitBreaker),
            (PromotionReasons.AlreadyLive, inputs.Live.Contains(inputs.StrategyId)),
            (PromotionReasons.NotPaperStage, inputs.Run?.Stage is not StageNames.Paper),
            (PromotionReasons.ValidationFailed, inputs.Run?.Status is not ("pass" or "warn")),
            (PromotionReasons.NotSelected, !target.Contains(inputs.StrategyId, StringComparer.Ordinal)),
            (PromotionReasons.PaperWindow, !inputs.PaperWindowSatisfied),
            .. inputs.SampleLacks.Select(reason => (reason, true)),
            (PromotionReasons.RiskSnapshot, !inputs.Risk.Suffices),
            (PromotionReasons.CrossContext, inputs.CrossContextHits > 0),
            (PromotionReasons.Cooldown, cooldown > TimeSpan.Zero),
            (PromotionReasons.Slots, live > inputs.Governance?.MaxLiveSlots),
            (PromotionReasons.Approval, NeedsApproval(inputs)),
        ];
        return new PromotionVerdict(
            target,
            [.. target.Except(inputs.Decisions, StringComparer.Ordinal)],
            [.. inputs.Decisions.Except(target, StringComparer.Ordinal)],
            [.. rules.Where(rule => rule.Blocks).Select(rule => rule.Reason)],
            cooldown);
    }

    /// <summary>
    /// What keeps a promotion that nobody asked for by name from being carried out: where there is no run to go by, only that; then what the plan says;
    /// then data nobody can name; at last the draw, which is not worth losing while something else stands in the way.
    /// </summary>
    /// <param name="anyRuns">Whether there is any run at all.</param>
    /// <param name="inputs">The freshest paper run; null when there is none.</param>
    /// <param name="verdict">Its plan; null when there is none.</param>
    public static IReadOnlyList<string> AutoBlocked(bool anyRuns, PromotionInputs? inputs, PromotionVerdict? verdict)
    {
        if (!anyRuns) return [PromotionReasons.NoRuns];
        if (inputs?.Run is not { } run || verdict is null) return [PromotionReasons.NoPaperRuns];
        var blocked = new List<string>(verdict.Blocked);
        if (inputs.Mode is not (PromotionModes.AutoApply or PromotionModes.Disabled)) blocked.Insert(0, PromotionReasons.NotAutoApply);
        if (string.IsNullOrEmpty(run.DatasetFingerprint)) blocked.Add(PromotionReasons.MissingSource);
        if (blocked.Count == 0 && !InCanary(inputs.WorldId, inputs.StrategyId, run.RunId, inputs.Governance?.CanaryFraction)) blocked.Add(PromotionReasons.CanarySkipped);
        return blocked;
    }

    /// <summary>Whether a run is drawn. The draw depends on nothing but names, so that asking again changes nothing. Absent means all.</summary>
    public static bool InCanary(string worldId, string strategyId, string runId, double? fraction) => fraction is null || CanaryScore(worldId, strategyId, runId) < fraction;

    /// <summary>The first eight bytes of SHA-256 over <c>world:strategy:run</c>, big-endian, over 2^64: 0 inclusive to 1 exclusive.</summary>
    public static double CanaryScore(string worldId, string strategyId, string runId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{worldId}:{strategyId}:{runId}"), hash);

        // 53 bits fill a double exactly; rounding all 64 could give 1.
        return (BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Whether nothing but the word of a person is missing.</summary>
    public static bool AwaitsApproval(IReadOnlyList<string> blocked) => blocked is [PromotionReasons.Approval];

    /// <summary>What the run's policy selected, and who is live already: a promotion takes nobody out of live.</summary>
    private static IReadOnlyList<string> Target(PromotionInputs inputs) =>
        inputs.Run is null ? inputs.Decisions : [.. inputs.Run.ActiveSet.Union(inputs.Decisions.Where(inputs.Live.Contains), StringComparer.Ordinal)];

    private static TimeSpan CooldownLeft(PromotionInputs inputs, DateTimeOffset now)
    {
        if (inputs.Governance?.Cooldown is not { } cooldown || inputs.LastPromotionAt is not { } last) return TimeSpan.Zero;
        var left = last + cooldown - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>A policy that promotes by itself needs no approval, but yields to a person who said no.</summary>
    private static bool NeedsApproval(PromotionInputs inputs) => inputs.Mode is PromotionModes.AutoApply ? inputs.Review is Review.Rejected : inputs.Review is not Review.Approved;
}
