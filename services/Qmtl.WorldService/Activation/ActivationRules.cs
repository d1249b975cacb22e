using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Activation;

/// <summary>How entries follow a decision, and what an operator may set. Pure.</summary>
internal static class ActivationRules
{
    public static readonly string[] Sides = ["long", "short"];

    /// <summary>long or short; the words of orders are understood.</summary>
    public static string ParseSide(string side) => side.Trim().ToLowerInvariant() switch
    {
        "long" or "buy" => "long",
        "short" or "sell" => "short",
        _ => throw Refuse.Field("/side", $"must be long or short, was '{side}'"),
    };

    /// <summary>
    /// The entries that change when the active set, the decision or a stage does. Who stays keeps weight, freeze, drain and the operator's limit. While
    /// the risk circuit is tripped everything is frozen and drained, and stays so when it is reset: only an operator or an apply lifts that.
    /// </summary>
    public static IReadOnlyList<ActivationEntry> Follow(ActivationChange change)
    {
        var changed = new List<ActivationEntry>();
        var known = new HashSet<(string, string)>();
        foreach (var entry in change.Entries)
        {
            known.Add((entry.StrategyId, entry.Side));
            var was = change.Before.Contains(entry.StrategyId);
            var isNow = change.After.Contains(entry.StrategyId);
            var next = entry with
            {
                Active = was == isNow ? entry.Active : isNow && change.SidesOf(entry.StrategyId).Contains(entry.Side, StringComparer.Ordinal),
                Freeze = entry.Freeze || change.Broken,
                Drain = entry.Drain || change.Broken,
                EffectiveMode = EntryModes.Of(change.Mode, change.StageOf(entry.StrategyId), ExecutionModes.ParseMode(entry.ModeLimit)).ToToken(),
            };
            if (next != entry) changed.Add(Next(next, change));
        }

        foreach (var strategy in change.After.Order(StringComparer.Ordinal))
        {
            foreach (var side in change.SidesOf(strategy))
            {
                if (!known.Contains((strategy, side))) changed.Add(Next(New(strategy, side, change), change));
            }
        }

        return changed;
    }

    /// <summary>Whether a request lets a side trade. What a strategy left behind when it was unbound can be closed further, never opened.</summary>
    public static bool Opens(PutActivationRequest request) => request.Active && request.Freeze != true;

    /// <summary>What an operator's request makes of an entry.</summary>
    /// <exception cref="RefusalException">The entry changed meanwhile, live is not granted, or the risk circuit holds the entry.</exception>
    public static ActivationEntry Put(ActivationEntry? current, PutActivationRequest request, ActivationGrant grant, DateTimeOffset now)
    {
        var side = ParseSide(request.Side);
        if (request.Etag.Length > 0 && !string.Equals(request.Etag, current?.Etag, StringComparison.Ordinal))
        {
            throw Refuse.EtagConflict("The activation entry", request.Etag, current?.Etag ?? "none");
        }

        var limit = LimitOf(request, grant);
        return new ActivationEntry
        {
            WorldId = request.WorldId,
            StrategyId = request.StrategyId,
            Side = side,
            Active = request.Active,
            Weight = WeightOf(request.Weight),
            Freeze = HeldOr(request.Freeze, "/freeze", grant),
            Drain = HeldOr(request.Drain, "/drain", grant),
            EffectiveMode = EntryModes.Of(grant.Decided, grant.Stage, limit).ToToken(),
            ModeLimit = limit?.ToToken(),
            RunId = string.IsNullOrEmpty(request.RunId) ? null : request.RunId,
            Ts = request.Ts?.ToDateTimeOffset() ?? now,
            EntryVersion = (current?.EntryVersion ?? 0) + 1,
        };
    }

    private static double WeightOf(double? weight) =>
        weight is null || double.IsFinite(weight.Value) ? Math.Clamp(weight ?? 1, 0, 1) : throw Refuse.Field("/weight", "must be a finite number");

    /// <summary>Closing an entry further must always work; opening one that the circuit closed must not.</summary>
    private static bool HeldOr(bool? requested, string pointer, ActivationGrant grant)
    {
        if (!grant.Broken) return requested ?? false;
        if (requested != false) return true;
        throw new RefusalException(
            ReasonCodes.CircuitBreaker,
            "The world's risk circuit has tripped, and its entries stay frozen. Reset it with PUT /worlds/{id} {\"circuit_breaker\": false} first; then lift each entry.",
            [new FieldError(pointer, "must not be false while the risk circuit is tripped")]);
    }

    private static EffectiveMode? LimitOf(PutActivationRequest request, ActivationGrant grant)
    {
        if (string.IsNullOrEmpty(request.EffectiveMode)) return null;
        var mode = ExecutionModes.ParseMode(request.EffectiveMode)
            ?? throw Refuse.Field("/effective_mode", $"must be validate, compute-only, paper, live or shadow, was '{request.EffectiveMode}'");
        if (mode != EffectiveMode.Live) return mode;
        if (!grant.AllowLive) throw new RefusalException(ReasonCodes.LiveDisabled, "The world does not allow live (allow_live is false); its owner can change that with PUT /worlds/{id}.");
        if (grant.Stage is StageNames.Live) return mode;
        throw new RefusalException(
            ReasonCodes.StageTooLow,
            $"'{request.StrategyId}' is at stage {grant.Stage} and cannot be set live by hand; promote it with POST /worlds/{{id}}/promotions/live/apply.",
            [new FieldError("/effective_mode", $"must be at most {EntryModes.Highest(grant.Stage).ToToken()}, or absent")]);
    }

    private static ActivationEntry New(string strategy, string side, ActivationChange change) => new()
    {
        WorldId = change.WorldId,
        StrategyId = strategy,
        Side = side,
        Active = true,
        Freeze = change.Broken,
        Drain = change.Broken,
        EffectiveMode = EntryModes.Of(change.Mode, change.StageOf(strategy), limit: null).ToToken(),
    };

    private static ActivationEntry Next(ActivationEntry entry, ActivationChange change) =>
        entry with { RunId = change.RunId, Ts = change.Now, EntryVersion = entry.EntryVersion + 1 };
}

/// <summary>What a world and a stage leave to an operator.</summary>
/// <param name="Decided">What the world permits.</param>
/// <param name="Stage">How far the strategy has come.</param>
/// <param name="AllowLive">Whether live is possible in the world at all.</param>
/// <param name="Broken">Whether the risk circuit has tripped.</param>
internal readonly record struct ActivationGrant(EffectiveMode Decided, string Stage, bool AllowLive, bool Broken);

/// <summary>What entries have to follow.</summary>
internal sealed record ActivationChange(
    string WorldId,
    IReadOnlyList<ActivationEntry> Entries,
    IReadOnlySet<string> Before,
    IReadOnlySet<string> After,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Sides,
    IReadOnlyDictionary<string, string> Stages,
    EffectiveMode Mode,
    bool Broken,
    string? RunId,
    DateTimeOffset Now)
{
    private static readonly string[] LongOnly = ["long"];

    /// <summary>The sides a strategy trades; long when it never said.</summary>
    public IReadOnlyList<string> SidesOf(string strategyId) => Sides.TryGetValue(strategyId, out var sides) ? sides : LongOnly;

    public string StageOf(string strategyId) => Stages.GetValueOrDefault(strategyId, StageNames.Backtest);
}
