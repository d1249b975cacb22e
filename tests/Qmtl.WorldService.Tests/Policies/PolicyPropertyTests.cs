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
          constraints: {correlation: {max_pairwise: 0.7}}
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
            fixture.Now += TimeSpan.FromMinutes(40);
        }

        return true;
    });

    [Fact]
    public void Evaluate_EveryVerdictThatIsNotActive_SaysWhy() => Check(static seed =>
    {
        var (candidates, pairs) = Cohort(new Random(seed));
        var outcome = new PolicyFixture(Policy).Evaluate(pairs, candidates);
        return outcome.Verdicts.All(verdict => verdict.Active || (verdict.Code != SelectionCodes.Selected && verdict.Reasons.Count > 0));
    });

    private static void Check(Func<int, bool> property) =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static (Candidate[] Candidates, PairCorrelation[] Pairs) Cohort(Random random)
    {
        var ids = Enumerable.Range(0, random.Next(1, 14)).Select(i => $"s{i:00}").ToArray();
        var candidates = ids.Select(id => new Candidate(id, (StrategySide)random.Next(1, 4), Metrics(random))).ToArray();
        var pairs = from a in ids from b in ids where string.CompareOrdinal(a, b) < 0 && random.Next(3) == 0 select new PairCorrelation(a, b, (random.NextDouble() * 2) - 1);
        return (candidates, pairs.ToArray());
    }

    private static Candidate Jitter(Candidate candidate, Random random) => candidate with { Metrics = Metrics(random) };

    // Steps of a quarter make ties common; now and then a metric is missing.
    private static Dictionary<string, double> Metrics(Random random) => new[] { "sharpe", "winrate", "max_dd" }
        .Where(_ => random.Next(12) != 0)
        .ToDictionary(name => name, name => (random.Next(5) / 4.0) - (name == "sharpe" ? 0.5 : 0), StringComparer.Ordinal);
}
