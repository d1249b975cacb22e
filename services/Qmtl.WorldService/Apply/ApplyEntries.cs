using Qmtl.WorldService.Activation;

namespace Qmtl.WorldService.Apply;

/// <summary>What an apply makes of activation entries. Pure: freeze, drain and weight are the operator's, the hold is the apply's.</summary>
internal static class ApplyEntries
{
    /// <summary>Every entry once more, as of this run.</summary>
    public static IReadOnlyList<ActivationEntry> Stamp(IEnumerable<ActivationEntry> entries, string runId, DateTimeOffset now) =>
        [.. entries.Select(entry => entry with { RunId = runId, Ts = now, EntryVersion = entry.EntryVersion + 1 })];

    /// <summary>
    /// The entries with which the world is let go. Who joins starts at full weight, who stays keeps its own; short sides stay closed
    /// where they are not allowed. Naming a strategy to activate lifts what froze it, be it a person or the risk circuit.
    /// </summary>
    public static IReadOnlyList<ActivationEntry> Released(ApplyRunState run, IReadOnlyList<ActivationEntry> entries)
    {
        if (run.Restore is not null) return entries;
        var joining = run.Target.Except(run.Previous, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        var named = run.Activate.ToHashSet(StringComparer.Ordinal);
        return [.. entries.Select(entry => entry with
        {
            Weight = joining.Contains(entry.StrategyId) ? 1 : entry.Weight,
            Freeze = entry.Freeze && !named.Contains(entry.StrategyId),
            Drain = entry.Drain && !named.Contains(entry.StrategyId),
            Active = entry.Active && (run.CanShort != false || entry.Side is not "short"),
        })];
    }

    /// <summary>
    /// The entries as a snapshot had them. A freeze or drain that was set since stays, and the mode stays that of today: bringing
    /// back must not open what somebody has closed in between.
    /// </summary>
    public static IReadOnlyList<ActivationEntry> Restored(IReadOnlyList<ActivationEntry> snapshot, IReadOnlyList<string> active, IReadOnlyList<ActivationEntry> entries)
    {
        var before = snapshot.ToDictionary(entry => new EntryKey(entry.StrategyId, entry.Side));
        var open = active.ToHashSet(StringComparer.Ordinal);
        return [.. entries.Select(entry => before.TryGetValue(new EntryKey(entry.StrategyId, entry.Side), out var old)
            ? entry with
            {
                Active = old.Active && open.Contains(entry.StrategyId),
                Weight = old.Weight,
                Freeze = old.Freeze || entry.Freeze,
                Drain = old.Drain || entry.Drain,
            }
            : entry with { Active = false })];
    }

    /// <summary>The active set a plan leads to.</summary>
    public static IReadOnlyList<string> Target(IEnumerable<string> previous, IReadOnlyCollection<string> activate, IReadOnlyCollection<string> deactivate) =>
        [.. previous.Except(deactivate, StringComparer.Ordinal).Union(activate, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
