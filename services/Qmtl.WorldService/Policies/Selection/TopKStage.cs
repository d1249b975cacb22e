using System.Globalization;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>By side, then in total. Incumbents that keep their place for want of evidence use up their slots first.</summary>
internal static class TopKStage
{
    public static void Run(CandidateTrace[] all, CandidateTrace[] ranked, TopKPolicy? limits)
    {
        if (limits is null) return;
        var slots = new SlotCounter(limits);
        foreach (var trace in all)
        {
            if (trace.HoldsPlace) slots.Take(trace);
        }

        foreach (var trace in ranked)
        {
            if (!trace.Selected) continue;
            if (slots.Refuses(trace.Candidate.Side) is { } full)
            {
                trace.Slot = full;
                trace.Reject(full.Code);
            }
            else slots.Take(trace);
        }
    }

    /// <summary>The limits as a reason states them.</summary>
    public static string Text(TopKPolicy limits) => string.Join(", ", new[] { ("total", limits.Total), ("long", limits.Long), ("short", limits.Short) }
        .Where(limit => limit.Item2 is not null).Select(limit => SlotLimit.Describe(limit.Item1, limit.Item2!.Value)));
}

/// <summary>One limit on how many may be active, and how many are.</summary>
internal sealed class SlotLimit(string scope, int max, string code)
{
    private int _taken;
    private string? _needed;

    public ReasonRule Rule { get; } = new("top_k", Describe(scope, max), "rank", max);

    public string Text => Rule.Text;

    public string Code => code;

    /// <summary>Who took the last place: the one to beat. Null when nobody could.</summary>
    public CandidateTrace? LastIn { get; private set; }

    public bool IsFull => _taken >= max;

    /// <summary>What would have got a place: a better score than the last one in. Put together once for all that were refused.</summary>
    public string Needed => _needed ??= LastIn is { } last && !double.IsNaN(last.Score)
        ? string.Create(CultureInfo.InvariantCulture, $"a score above {last.Score:G6}, that of {last.Candidate.StrategyId}, the last one in under {Text}")
        : $"a place under {Text}";

    public static string Describe(string scope, int max) => string.Create(CultureInfo.InvariantCulture, $"{scope} <= {max}");

    public void Take(CandidateTrace trace)
    {
        _taken++;
        LastIn = trace;
    }
}

/// <summary>Counts the places taken against the limits.</summary>
internal sealed class SlotCounter(TopKPolicy limits)
{
    private readonly SlotLimit? _long = limits.Long is { } max ? new SlotLimit("long", max, SelectionCodes.SideLimitExceeded) : null;
    private readonly SlotLimit? _short = limits.Short is { } max ? new SlotLimit("short", max, SelectionCodes.SideLimitExceeded) : null;
    private readonly SlotLimit? _total = limits.Total is { } max ? new SlotLimit("total", max, SelectionCodes.TopKExceeded) : null;

    /// <summary>The limit that has no place left for a strategy of this side; null when all have.</summary>
    public SlotLimit? Refuses(StrategySide side)
    {
        if (side.HasFlag(StrategySide.Long) && _long?.IsFull == true) return _long;
        if (side.HasFlag(StrategySide.Short) && _short?.IsFull == true) return _short;
        return _total?.IsFull == true ? _total : null;
    }

    public void Take(CandidateTrace trace)
    {
        _total?.Take(trace);
        if (trace.Candidate.Side.HasFlag(StrategySide.Long)) _long?.Take(trace);
        if (trace.Candidate.Side.HasFlag(StrategySide.Short)) _short?.Take(trace);
    }
}
