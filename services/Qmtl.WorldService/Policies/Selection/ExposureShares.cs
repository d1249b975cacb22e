using System.Globalization;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// What each strategy takes of each exposure limit. Its share of the world's capital is its metric <c>weight</c> when its evaluation
/// reports one, else an equal part of its side's budget: the budget (1 where none is set) by the number of places that side has. Its
/// leverage is its metric <c>leverage</c>, else 1. A share spreads evenly over the sectors of the strategy's symbols.
/// </summary>
internal sealed class ExposureShares
{
    private const string UnknownSector = "unknown";

    private readonly ExposurePolicy _policy;
    private readonly double _longShare;
    private readonly double _shortShare;
    private readonly Dictionary<string, int> _sectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Limit, double Amount)[]> _amounts = new(StringComparer.Ordinal);
    private readonly List<ExposureLimit> _limits = [];
    private readonly int _long;
    private readonly int _short;
    private readonly int _leverage;

    private ExposureShares(ExposurePolicy policy, TopKPolicy? topK, CandidateTrace[] ranked)
    {
        _policy = policy;
        _longShare = (policy.Long ?? 1) / Places(topK?.Long ?? topK?.Total, StrategySide.Long, ranked);
        _shortShare = (policy.Short ?? 1) / Places(topK?.Short ?? topK?.Total, StrategySide.Short, ranked);
        _long = Add("long", policy.Long, "gross long", SelectionCodes.GrossBudgetExceeded);
        _short = Add("short", policy.Short, "gross short", SelectionCodes.GrossBudgetExceeded);
        _leverage = Add("leverage", policy.MaxLeverage, "leverage", SelectionCodes.LeverageExceeded);
    }

    public IReadOnlyList<ExposureLimit> Limits => _limits;

    public static ExposureShares? Of(PolicyDocument policy, CandidateTrace[] all, CandidateTrace[] ranked)
    {
        if (policy.Exposure is not { } exposure) return null;
        var shares = new ExposureShares(exposure, policy.TopK, ranked);

        // Sectors become limits before the sums are laid out, so that every book has a place for each.
        foreach (var trace in all)
        {
            if (trace.Rank > 0 || trace.Prior.Active) shares._amounts[trace.Candidate.StrategyId] = shares.Amounts(trace.Candidate);
        }

        return shares;
    }

    public (int Limit, double Amount)[] Of(Candidate candidate) => _amounts[candidate.StrategyId];

    /// <summary>The strategy's share of the world's capital.</summary>
    public double ShareOf(Candidate candidate)
    {
        if (candidate.Metrics.TryGetValue("weight", out var weight)) return Math.Abs(weight);
        return Math.Max(candidate.Side.HasFlag(StrategySide.Long) ? _longShare : 0, candidate.Side.HasFlag(StrategySide.Short) ? _shortShare : 0);
    }

    private (int Limit, double Amount)[] Amounts(Candidate candidate)
    {
        var share = ShareOf(candidate);
        var amounts = new List<(int Limit, double Amount)>(4);
        if (_policy.SectorCap is { } cap)
        {
            foreach (var (sector, part) in SectorsOf(candidate, share)) amounts.Add((SectorLimit(sector, cap), part));
        }

        if (_long >= 0 && candidate.Side.HasFlag(StrategySide.Long)) amounts.Add((_long, share));
        if (_short >= 0 && candidate.Side.HasFlag(StrategySide.Short)) amounts.Add((_short, share));
        if (_leverage >= 0) amounts.Add((_leverage, share * (candidate.Metrics.TryGetValue("leverage", out var leverage) ? Math.Abs(leverage) : 1)));
        return [.. amounts];
    }

    private IEnumerable<(string Sector, double Part)> SectorsOf(Candidate candidate, double share)
    {
        if (candidate.Symbols.Count == 0) return [(UnknownSector, share)];
        return candidate.Symbols
            .Select(symbol => _policy.Sectors.GetValueOrDefault(symbol, UnknownSector))
            .GroupBy(sector => sector, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (group.Key, share * group.Count() / candidate.Symbols.Count));
    }

    private int SectorLimit(string sector, double cap)
    {
        if (_sectors.TryGetValue(sector, out var known)) return known;
        var added = Add(sector, cap, $"sector {sector}", SelectionCodes.SectorCapExceeded);
        _sectors.Add(sector, added);
        return added;
    }

    private int Add(string scope, double? max, string name, string code)
    {
        if (max is not { } limit) return -1;
        _limits.Add(new ExposureLimit(scope, string.Create(CultureInfo.InvariantCulture, $"{name} <= {limit:R}"), code, limit));
        return _limits.Count - 1;
    }

    private static double Places(int? limit, StrategySide side, CandidateTrace[] ranked) =>
        Math.Max(1, limit ?? ranked.Count(trace => trace.Candidate.Side.HasFlag(side)));
}
