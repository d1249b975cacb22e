using Qmtl.Identity;
using Qmtl.V1;

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
    /// The entries that change when the active set and the mode do. Who stays keeps weight, freeze and drain, and what an operator
    /// set by hand stands until the mode changes.
    /// </summary>
    public static IReadOnlyList<ActivationEntry> Follow(ActivationChange change)
    {
        var changed = new List<ActivationEntry>();
        var known = change.Entries.ToDictionary(entry => (entry.StrategyId, entry.Side));
        foreach (var entry in change.Entries)
        {
            var was = change.Before.Contains(entry.StrategyId);
            var isNow = change.After.Contains(entry.StrategyId);
            var next = entry with
            {
                Active = was == isNow ? entry.Active : isNow && change.SidesOf(entry.StrategyId).Contains(entry.Side, StringComparer.Ordinal),
                EffectiveMode = change.ModeChanged || was != isNow ? change.Mode.ToToken() : entry.EffectiveMode,
            };
            if (next != entry) changed.Add(Next(next, change));
        }

        foreach (var strategy in change.After.Order(StringComparer.Ordinal))
        {
            foreach (var side in change.SidesOf(strategy))
            {
                if (known.ContainsKey((strategy, side))) continue;
                changed.Add(Next(new ActivationEntry { WorldId = change.WorldId, StrategyId = strategy, Side = side, Active = true, EffectiveMode = change.Mode.ToToken() }, change));
            }
        }

        return changed;
    }

    /// <summary>What an operator's request makes of an entry. Only a decision that is live can make an entry live.</summary>
    public static ActivationEntry Put(ActivationEntry? current, PutActivationRequest request, EffectiveMode decided, bool allowLive, DateTimeOffset now)
    {
        var side = ParseSide(request.Side);
        if (request.Etag.Length > 0 && !string.Equals(request.Etag, current?.Etag, StringComparison.Ordinal))
        {
            throw Refuse.EtagConflict("The activation entry", request.Etag, current?.Etag ?? "none");
        }

        return new ActivationEntry
        {
            WorldId = request.WorldId,
            StrategyId = request.StrategyId,
            Side = side,
            Active = request.Active,
            Weight = WeightOf(request.Weight),
            Freeze = request.Freeze ?? false,
            Drain = request.Drain ?? false,
            EffectiveMode = ModeFor(request.EffectiveMode, decided, allowLive).ToToken(),
            RunId = string.IsNullOrEmpty(request.RunId) ? null : request.RunId,
            Ts = request.Ts?.ToDateTimeOffset() ?? now,
            EntryVersion = (current?.EntryVersion ?? 0) + 1,
        };
    }

    private static double WeightOf(double? weight) =>
        weight is null || double.IsFinite(weight.Value) ? Math.Clamp(weight ?? 1, 0, 1) : throw Refuse.Field("/weight", "must be a finite number");

    private static EffectiveMode ModeFor(string? requested, EffectiveMode decided, bool allowLive)
    {
        if (string.IsNullOrEmpty(requested)) return decided;
        var mode = ExecutionModes.ParseMode(requested)
            ?? throw Refuse.Field("/effective_mode", $"must be validate, compute-only, paper, live or shadow, was '{requested}'");
        if (mode != EffectiveMode.Live) return mode;
        if (!allowLive) throw new RefusalException(ReasonCodes.LiveDisabled, "The world does not allow live (allow_live is false); its owner can change that with PUT /worlds/{id}.");
        return decided;
    }

    private static ActivationEntry Next(ActivationEntry entry, ActivationChange change) =>
        entry with { RunId = change.RunId, Ts = change.Now, EntryVersion = entry.EntryVersion + 1 };
}

/// <summary>What entries have to follow.</summary>
internal sealed record ActivationChange(
    string WorldId,
    IReadOnlyList<ActivationEntry> Entries,
    IReadOnlySet<string> Before,
    IReadOnlySet<string> After,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Sides,
    EffectiveMode Mode,
    bool ModeChanged,
    string? RunId,
    DateTimeOffset Now)
{
    private static readonly string[] LongOnly = ["long"];

    /// <summary>The sides a strategy trades; long when it never said.</summary>
    public IReadOnlyList<string> SidesOf(string strategyId) => Sides.TryGetValue(strategyId, out var sides) ? sides : LongOnly;
}
