using System.Globalization;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.Bench.Policy;

/// <summary>The rules of one policy written out as a program: what a desk would write that needs no explanations.</summary>
internal static class PlainSelection
{
    public static string PolicyText(int strategies) => string.Create(CultureInfo.InvariantCulture, $$$"""
        data_currency: {max_lag: 2h, min_history: 60d}
        thresholds:
          drawdown: {metric: max_dd, max: 0.3}
          profit: {metric: profit_factor, min: 0.1}
        selection:
          gates:
            and:
              - sample_days >= 30
              - trades_60d >= 40
              - or: [sharpe_mid >= 0.60, winrate_long >= 0.55]
              - max_dd_120d <= 0.25
          score: "sharpe_mid + 0.1*winrate_long - 0.2*ulcer_mid"
          topk: {total: {{{Total(strategies)}}}, by_side: {long: {{{Long(strategies)}}}, short: {{{Short(strategies)}}}}}
          constraints:
            correlation: {max_pairwise: 0.8}
          hysteresis: {promote_after: 2, demote_after: 2, min_dwell: 3h}
        """);

    public static IReadOnlyList<string> Run(SampleWorld world)
    {
        var inputs = world.Inputs;
        var candidates = inputs.Candidates;
        var states = new StrategyState[candidates.Count];
        var (held, selected, scores) = (new bool[candidates.Count], new bool[candidates.Count], new double[candidates.Count]);
        for (var i = 0; i < candidates.Count; i++)
        {
            states[i] = inputs.States.TryGetValue(candidates[i].StrategyId, out var state) ? state : StrategyState.New;
            Judge(candidates[i], out held[i], out selected[i], out scores[i]);
        }

        var ranked = Enumerable.Range(0, candidates.Count).Where(i => selected[i]).ToArray();
        Array.Sort(ranked, (a, b) => scores[a] != scores[b] ? scores[b].CompareTo(scores[a]) : a.CompareTo(b));
        var rank = new int[candidates.Count];
        for (var i = 0; i < ranked.Length; i++) rank[ranked[i]] = i + 1;
        var conflicts = Conflicts(world);
        Uncorrelated(ranked, conflicts, selected, held, states);
        TopK(candidates, ranked, selected, held, states);
        return Settle(inputs, conflicts, selected, held, states, rank);
    }

    private static void Judge(Candidate candidate, out bool held, out bool selected, out double score)
    {
        var metrics = candidate.Metrics;
        var (sample, trades) = (metrics["sample_days"], metrics["trades_60d"]);
        selected = metrics["max_dd"] <= 0.3 && metrics["profit_factor"] >= 0.1 && sample >= 30 && trades >= 40
            && (metrics["sharpe_90d"] >= 0.6 || metrics["winrate_365d"] >= 0.55) && metrics["max_dd_120d"] <= 0.25;
        score = metrics["sharpe_90d"] + (0.1 * metrics["winrate_365d"]) - (0.2 * metrics["ulcer_90d"]);
        held = candidate.History < TimeSpan.FromDays(60) || sample < 30 || trades < 40;
        if (held) selected = false;
    }

    private static List<int>?[] Conflicts(SampleWorld world)
    {
        var conflicts = new List<int>?[world.Inputs.Candidates.Count];
        foreach (var (first, second, value) in world.Pairs)
        {
            if (Math.Abs(value) <= 0.8) continue;
            var (a, b) = (world.IndexOf(first), world.IndexOf(second));
            (conflicts[a] ??= []).Add(b);
            (conflicts[b] ??= []).Add(a);
        }

        return conflicts;
    }

    private static void Uncorrelated(int[] ranked, List<int>?[] conflicts, bool[] selected, bool[] held, StrategyState[] states)
    {
        var blocked = new bool[selected.Length];
        for (var i = 0; i < states.Length; i++)
        {
            if (held[i] && states[i].Active) Block(i);
        }

        foreach (var i in ranked)
        {
            if (blocked[i]) selected[i] = false;
            else Block(i);
        }

        void Block(int keeper)
        {
            foreach (var other in conflicts[keeper] ?? []) blocked[other] = true;
        }
    }

    private static void TopK(IReadOnlyList<Candidate> candidates, int[] ranked, bool[] selected, bool[] held, StrategyState[] states)
    {
        var slots = new Slots(candidates.Count);
        for (var i = 0; i < states.Length; i++)
        {
            if (held[i] && states[i].Active) slots.Take(candidates[i].Side);
        }

        foreach (var i in ranked)
        {
            if (!selected[i]) continue;
            if (slots.Full(candidates[i].Side)) selected[i] = false;
            else slots.Take(candidates[i].Side);
        }
    }

    private static List<string> Settle(PolicyInputs inputs, List<int>?[] conflicts, bool[] selected, bool[] held, StrategyState[] states, int[] rank)
    {
        var active = new bool[selected.Length];
        for (var i = 0; i < active.Length; i++) active[i] = held[i] || selected[i] == states[i].Active ? states[i].Active : Changes(states[i], selected[i], inputs.Now);

        // Whoever stays for now keeps its place and its correlations; who would enter gets what is left.
        var slots = new Slots(active.Length);
        var shutOut = new bool[active.Length];
        for (var i = 0; i < active.Length; i++)
        {
            if (!active[i] || !states[i].Active) continue;
            slots.Take(inputs.Candidates[i].Side);
            if (selected[i] || held[i]) continue;
            foreach (var other in conflicts[i] ?? []) shutOut[other] = true;
        }

        Admit(inputs.Candidates, slots, shutOut, active, states, rank);
        return [.. Enumerable.Range(0, active.Length).Where(i => active[i]).OrderBy(i => rank[i] == 0 ? int.MaxValue : rank[i]).Select(i => inputs.Candidates[i].StrategyId)];
    }

    private static void Admit(IReadOnlyList<Candidate> candidates, Slots slots, bool[] shutOut, bool[] active, StrategyState[] states, int[] rank)
    {
        foreach (var i in Enumerable.Range(0, active.Length).Where(i => active[i] && !states[i].Active).OrderBy(i => rank[i]).ToArray())
        {
            active[i] = !shutOut[i] && !slots.Full(candidates[i].Side);
            if (active[i]) slots.Take(candidates[i].Side);
        }
    }

    private static bool Changes(StrategyState state, bool selected, DateTimeOffset now)
    {
        var streak = selected ? state.Above + 1 : state.Below + 1;
        return streak >= 2 && !(now - state.Since < TimeSpan.FromHours(3)) ? selected : state.Active;
    }

    private static int Total(int strategies) => Math.Max(2, strategies / 20);

    private static int Long(int strategies) => Math.Max(1, strategies / 30);

    private static int Short(int strategies) => Math.Max(1, strategies / 40);

    private sealed class Slots(int strategies)
    {
        private int _total;
        private int _long;
        private int _short;

        public bool Full(StrategySide side) =>
            (side.HasFlag(StrategySide.Long) && _long >= Long(strategies)) || (side.HasFlag(StrategySide.Short) && _short >= Short(strategies)) || _total >= Total(strategies);

        public void Take(StrategySide side)
        {
            _total++;
            if (side.HasFlag(StrategySide.Long)) _long++;
            if (side.HasFlag(StrategySide.Short)) _short++;
        }
    }
}
