using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Monitoring.Invariants;

/// <summary>
/// Whether the stored state of a world contradicts itself. Every change keeps these; a finding means that somebody wrote past the service, or that
/// it has a defect. Pure.
/// </summary>
internal static class StateInvariants
{
    private const string Backtest = "domain:backtest";
    private const string Live = "domain:live";

    public static IEnumerable<InvariantFinding> Check(InvariantFacts facts) => facts.Entries.SelectMany(entry => OfEntry(facts, entry)).Concat(OfFreeze(facts)).Concat(OfStages(facts)).Concat(OfDecisions(facts)).Concat(OfEdges(facts));

    private static IEnumerable<InvariantFinding> OfEntry(InvariantFacts facts, ActivationEntry entry)
    {
        var mode = ExecutionModes.ParseMode(entry.EffectiveMode);
        if (!(entry.Weight >= 0 && entry.Weight <= 1)) yield return Finding(entry, "entry_weight_invalid", "has a weight outside of 0 to 1");
        if (entry.Held && facts.World.FrozenBy is null) yield return Finding(entry, "held_without_freeze", "is held by an apply while nothing freezes the world");
        foreach (var finding in OfMode(facts, entry, mode)) yield return finding;
        if (entry.EffectivelyActive)
        {
            foreach (var finding in OfActive(facts, entry, mode)) yield return finding;
        }
    }

    /// <summary>No entry may do more than world and stage allow.</summary>
    private static IEnumerable<InvariantFinding> OfMode(InvariantFacts facts, ActivationEntry entry, EffectiveMode? mode)
    {
        var stage = facts.StageOf(entry.StrategyId);
        if (mode is null) yield return Finding(entry, "entry_mode_unknown", $"has the mode '{entry.EffectiveMode}', which is none");
        if (mode == EffectiveMode.Live && !facts.World.AllowLive) yield return Finding(entry, "live_without_allow_live", "is live in a world that does not allow live");
        if (mode == EffectiveMode.Live && stage is not StageNames.Live) yield return Finding(entry, "live_without_stage", $"is live while its strategy stands at {stage}");
        if (mode == EffectiveMode.Paper && stage is StageNames.Backtest) yield return Finding(entry, "paper_without_stage", "trades on paper while its strategy stands at backtest");
    }

    /// <summary>Nothing is active against a stop, nor live without being chosen.</summary>
    private static IEnumerable<InvariantFinding> OfActive(InvariantFacts facts, ActivationEntry entry, EffectiveMode? mode)
    {
        if (facts.World.FrozenBy is not null) yield return Finding(entry, "freeze_not_enforced", "is active while the world is frozen");
        if (facts.World.CircuitBreaker) yield return Finding(entry, "circuit_breaker_not_enforced", "is active while the risk circuit is tripped");
        if (mode == EffectiveMode.Live && !facts.Active.Contains(entry.StrategyId, StringComparer.Ordinal)) yield return Finding(entry, "live_not_decided", "is active and live while its strategy is not among the active ones");
    }

    /// <summary>Only an apply that is on record freezes a world or keeps it to itself.</summary>
    private static IEnumerable<InvariantFinding> OfFreeze(InvariantFacts facts)
    {
        if (facts.World.FrozenBy is { } frozenBy && !facts.ApplyRuns.ContainsKey(frozenBy)) yield return Finding("", "frozen_without_apply", $"The world is frozen by the apply '{frozenBy}', of which there is no record");
        if (facts.World.ApplyRunId is { } running && !facts.ApplyRuns.ContainsKey(running)) yield return Finding("", "apply_without_record", $"The apply '{running}' is in progress and there is no record of it");
    }

    private static IEnumerable<InvariantFinding> OfStages(InvariantFacts facts)
    {
        foreach (var stage in facts.Stages)
        {
            if (stage.Stage is not (StageNames.Paper or StageNames.Live)) yield return Finding(stage.StrategyId, "stage_unknown", $"stands at '{stage.Stage}', which is no stage");
            if (!facts.Bound.Contains(stage.StrategyId)) yield return Finding(stage.StrategyId, "stage_without_binding", $"stands at {stage.Stage} and is not bound to the world");
            if (stage.Stage is StageNames.Live && !facts.Active.Contains(stage.StrategyId, StringComparer.Ordinal)) yield return Finding(stage.StrategyId, "live_stage_not_decided", "stands at live and is not among the active ones");
            if (stage.Stage is StageNames.Live && !IsGranted(facts, stage)) yield return Finding(stage.StrategyId, "live_stage_without_apply", $"stands at live by '{stage.RunId}', and no apply of that id reached its switch");
        }
    }

    /// <summary>An apply gives live when it switches; one that was rolled back ended before that.</summary>
    private static bool IsGranted(InvariantFacts facts, StageRow stage) =>
        facts.ApplyRuns.TryGetValue(stage.RunId, out var phase) && ApplyPhases.Parse(phase) is ApplyPhase.Switch or ApplyPhase.Unfreeze or ApplyPhase.UnfreezePending or ApplyPhase.Completed;

    private static IEnumerable<InvariantFinding> OfDecisions(InvariantFacts facts) =>
        facts.Active.Where(strategy => !facts.Bound.Contains(strategy)).Select(strategy => Finding(strategy, "decision_without_binding", "is among the active ones and is not bound to the world"));

    /// <summary>Nothing flows from backtest to live unless somebody with that right let it.</summary>
    private static IEnumerable<InvariantFinding> OfEdges(InvariantFacts facts)
    {
        var guard = facts.Edges.FirstOrDefault(edge => edge is { Src: Backtest, Dst: Live });
        if (guard is null) yield return Finding("", "edge_guard_missing", $"The world lacks the edge override {Backtest} to {Live}, which keeps backtests from live");
        if (guard is { Active: true } && !facts.World.AllowLive) yield return Finding("", "edge_open_without_allow_live", $"The edge {Backtest} to {Live} is open in a world that does not allow live");
        foreach (var edge in facts.Edges.Where(edge => edge.Active))
        {
            foreach (var end in new[] { edge.Src, edge.Dst }.Where(end => !Exists(facts, end))) yield return Finding("", "edge_end_unknown", $"The open edge {edge.Src} to {edge.Dst} names {end}, which is no domain and no node that the world knows");
        }
    }

    private static bool Exists(InvariantFacts facts, string end) =>
        end.StartsWith(EdgeStore.DomainPrefix, StringComparison.Ordinal) ? ExecutionModes.ParseDomain(end[EdgeStore.DomainPrefix.Length..]) is not null : facts.Nodes.Contains(end) || facts.Bound.Contains(end);

    private static InvariantFinding Finding(ActivationEntry entry, string code, string message) => Finding(entry.StrategyId, code, $"({entry.Side}) {message}");

    private static InvariantFinding Finding(string strategyId, string code, string message) => new()
    {
        StrategyId = strategyId,
        ReasonCode = code,
        Message = strategyId.Length == 0 ? $"{message}." : $"Strategy '{strategyId}' {message}.",
    };
}
