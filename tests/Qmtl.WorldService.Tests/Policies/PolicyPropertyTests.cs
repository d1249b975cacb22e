using FsCheck;
using FsCheck.Fluent;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Tests.Policies;

public sealed class PolicyPropertyTests
{
    private const string Policy =
        """
        thresholds: {d: {metric: max_dd, max: 0.8}}
        selection:
          gates: {or: [sharpe >= -0.5, winrate >= 0.5]}
          score: sharpe + winrate - max_dd
          topk: {total: 4, by_side: {long: 3, short: 2}}
          constraints:
            correlation: {max_pairwise: 0.7}
            exposure: {gross_budget: {long: 0.8, short: 0.5}, max_leverage: 1.5, sector_cap: {per_sector: 0.7}, sectors: {BTC: money, ETH: layer1, SOL: layer1}}
          hysteresis: {promote_after: 2, demote_after: 2, min_dwell: 1h}
        """;

    [Fact]
    public void Evaluate_ShuffledInputs_GiveTheSameOutcome() => Check(static seed =>
    {
        var (first, second) = (new PolicyFixture(Policy), new PolicyFixture(Policy));
        var random = new Random(seed);
        for (var round = 0; round < 4; round++)
        {
            var (candidates, pairs) = Cohort(random);
            var shuffled = candidates.ToArray();
            var swapped = pairs.Select(pair => new PairCorrelation(pair.Second, pair.First, pair.Value)).Reverse().ToArray();
            random.Shuffle(shuffled);
            if (!first.Evaluate(pairs, candidates).Active.SequenceEqual(second.Evaluate(swapped, shuffled).Active)) return false;
            first.Now = second.Now += TimeSpan.FromMinutes(40);
        }

        return true;
    });

    [Fact]
    public void Evaluate_OverAnySequence_TheActiveSetKeepsEveryLimit() => Check(static seed =>
    {
        var fixture = new PolicyFixture(Policy);
        var random = new Random(seed);
        var (candidates, pairs) = Cohort(random);
        for (var round = 0; round < 8; round++)
        {
            var moved = candidates.Select(candidate => Jitter(candidate, random)).ToArray();
            var active = fixture.Evaluate(pairs, moved).Active.ToHashSet(StringComparer.Ordinal);
            var sides = candidates.Where(candidate => active.Contains(candidate.StrategyId)).Select(candidate => candidate.Side).ToArray();
            if (active.Count > 4 || sides.Count(side => side.HasFlag(StrategySide.Long)) > 3 || sides.Count(side => side.HasFlag(StrategySide.Short)) > 2) return false;
            if (pairs.Any(pair => Math.Abs(pair.Value) > 0.7 && active.Contains(pair.First) && active.Contains(pair.Second))) return false;
            if (!KeepsExposure(candidates.Where(candidate => active.Contains(candidate.StrategyId)).ToArray())) return false;
            fixture.Now += TimeSpan.FromMinutes(40);
        }

        return true;
    });

    [Fact]
    public void Evaluate_SameInputsAgain_GiveTheSameAnswerToTheLastReason() => Check(static seed =>
    {
        var (first, second) = (Story(seed), Story(seed));
        return first == second && first.Length > 0;
    });

    [Fact]
    public void Evaluate_CorrelationsAsAMatrix_DecideAsPairsDo() => Check(static seed =>
    {
        var random = new Random(seed);
        var (candidates, _) = Cohort(random);
        var ids = candidates.Select(candidate => candidate.StrategyId).ToArray();
        random.Shuffle(ids);
        var pairs = new List<PairCorrelation>();
        var lower = new List<double>();
        for (var i = 1; i < ids.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                lower.Add((random.NextDouble() * 2) - 1);
                pairs.Add(new PairCorrelation(ids[i], ids[j], lower[^1]));
            }
        }

        // A member that is not in the world does not matter.
        var matrix = new CorrelationMatrix([.. ids, "elsewhere"], lower.Concat(Enumerable.Repeat(0.99, ids.Length)).ToArray());
        var inputs = new PolicyInputs(candidates, [], new Dictionary<string, StrategyState>(StringComparer.Ordinal), PolicyFixture.Start);
        return Told(new PolicyFixture(Policy).Evaluate(inputs with { Matrices = [matrix] })) == Told(new PolicyFixture(Policy).Evaluate(inputs with { Correlations = pairs }));
    });

    [Fact]
    public void Evaluate_RaisedMetric_NeverLosesAGateThatAsksForMore() => Check(static seed =>
    {
        var random = new Random(seed);
        var fixture = new PolicyFixture("selection: {gates: {and: [sharpe >= 0.25, {or: [winrate >= 0.5, {and: [max_dd > 0.25, sharpe > 0.5]}]}]}}");
        var (candidates, _) = Cohort(random);
        var raised = candidates.Select(candidate => candidate with
        {
            Metrics = candidate.Metrics.ToDictionary(pair => pair.Key, pair => pair.Value + (random.Next(3) / 4.0), StringComparer.Ordinal),
        }).ToArray();
        var before = fixture.Evaluate(candidates);
        var after = new PolicyFixture(fixture.Policy).Evaluate(raised);
        return before.Verdicts.All(verdict => !verdict.Selected || after.Find(verdict.StrategyId)!.Selected);
    });

    [Fact]
    public void Evaluate_ReasonsToldLater_AgreeWithTheVerdict() => Check(static seed =>
    {
        var (candidates, pairs) = Cohort(new Random(seed));
        var outcome = new PolicyFixture(Policy).Evaluate(pairs, candidates);
        return outcome.Verdicts.All(verdict =>
        {
            var failed = verdict.Reasons.Where(reason => reason.Outcome == RuleOutcome.Fail).ToArray();
            return verdict.Selected ? failed.Length == 0 : failed.Any(reason => reason.Code == verdict.Code) && failed.All(reason => !string.IsNullOrEmpty(reason.Needed));
        });
    });

    [Fact]
    public void Evaluate_EveryVerdictThatIsNotActive_SaysWhy() => Check(static seed =>
    {
        var (candidates, pairs) = Cohort(new Random(seed));
        var outcome = new PolicyFixture(Policy).Evaluate(pairs, candidates);
        return outcome.Verdicts.All(verdict => verdict.Active || (verdict.Code != SelectionCodes.Selected && verdict.Reasons.Count > 0));
    });

    /// <summary>By the rules of the policy above, without the engine: equal parts of each side's budget over its places.</summary>
    private static bool KeepsExposure(Candidate[] active)
    {
        double Share(Candidate candidate) => Math.Max(candidate.Side.HasFlag(StrategySide.Long) ? 0.8 / 3 : 0, candidate.Side.HasFlag(StrategySide.Short) ? 0.5 / 2 : 0);
        double Sector(string name, params string[] symbols) => active.Sum(candidate => Share(candidate) * (candidate.Symbols.Count == 0
            ? (name == "unknown" ? 1 : 0)
            : (double)candidate.Symbols.Count(symbols.Contains) / candidate.Symbols.Count));
        return active.Where(candidate => candidate.Side.HasFlag(StrategySide.Long)).Sum(Share) <= 0.8 + 1e-9
            && active.Where(candidate => candidate.Side.HasFlag(StrategySide.Short)).Sum(Share) <= 0.5 + 1e-9
            && active.Sum(candidate => Share(candidate) * candidate.Metrics.GetValueOrDefault("leverage", 1)) <= 1.5 + 1e-9
            && Sector("money", "BTC") <= 0.7 + 1e-9 && Sector("layer1", "ETH", "SOL") <= 0.7 + 1e-9 && Sector("unknown", "DOGE") <= 0.7 + 1e-9;
    }

    private static string Story(int seed)
    {
        var fixture = new PolicyFixture(Policy);
        var random = new Random(seed);
        var (candidates, pairs) = Cohort(random);
        var told = "";
        for (var round = 0; round < 3; round++)
        {
            told += Told(fixture.Evaluate(pairs, [.. candidates.Select(candidate => Jitter(candidate, random))]));
            fixture.Now += TimeSpan.FromMinutes(40);
        }

        return told;
    }

    private static string Told(PolicyOutcome outcome) => string.Join('\n', outcome.Verdicts.Select(verdict =>
        $"{verdict.StrategyId} {verdict.Active} {verdict.Code} {verdict.Score} {verdict.Rank} {verdict.Next} {string.Join("; ", verdict.Reasons.Select(reason => ReasonMessages.Of(reason)))}"));

    private static void Check(Func<int, bool> property) =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static (Candidate[] Candidates, PairCorrelation[] Pairs) Cohort(Random random)
    {
        var ids = Enumerable.Range(0, random.Next(1, 14)).Select(i => $"s{i:00}").ToArray();
        var candidates = ids.Select(id => new Candidate(id, (StrategySide)random.Next(1, 4), Metrics(random)) { Symbols = Symbols(random) }).ToArray();
        var pairs = from a in ids from b in ids where string.CompareOrdinal(a, b) < 0 && random.Next(3) == 0 select new PairCorrelation(a, b, (random.NextDouble() * 2) - 1);
        return (candidates, pairs.ToArray());
    }

    private static Candidate Jitter(Candidate candidate, Random random) => candidate with { Metrics = Metrics(random) };

    private static string[] Symbols(Random random) => [.. new[] { "BTC", "ETH", "SOL", "DOGE" }.Where(_ => random.Next(3) == 0)];

    // Steps of a quarter make ties common; now and then a metric is missing.
    private static Dictionary<string, double> Metrics(Random random) => new[] { "sharpe", "winrate", "max_dd" }
        .Where(_ => random.Next(12) != 0)
        .ToDictionary(name => name, name => (random.Next(5) / 4.0) - (name == "sharpe" ? 0.5 : 0), StringComparer.Ordinal);
}
