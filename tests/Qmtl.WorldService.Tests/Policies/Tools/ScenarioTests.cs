using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Tools;

namespace Qmtl.WorldService.Tests.Policies.Tools;

/// <summary>Scenarios say what a policy should decide, and the answer says where it does not.</summary>
public sealed class ScenarioTests
{
    private const string Policy =
        """
        data_currency: {max_lag: 5m}
        selection:
          gates: {and: [sharpe >= 1, {or: [max_dd <= 0.2, winrate >= 0.6]}]}
          score: sharpe
          topk: {total: 2, by_side: {short: 1}}
          constraints: {correlation: {max_pairwise: 0.8}}
          hysteresis: {promote_after: 2, demote_after: 2, min_dwell: 3h}
        """;

    [Fact]
    public void Run_SequenceWithHysteresis_MeetsEveryExpectation()
    {
        // Two evaluations above promote; one below does not demote, and the second would at 2 h, but the dwell of 3 h has not passed.
        var outcome = RunOne(Policy,
            """
            scenarios:
              - name: sequence
                strategies: {a: {sharpe: 2, max_dd: 0.1, data_end: 1m}}
                expect: {active: [], rejected: {a: promotion_pending}, scores: {a: 2}, ranks: {a: 1}}
                steps:
                  - {after: 1h, expect: {active: [a], promoted: [a], data_currency: pass}}
                  - {after: 1h, strategies: {a: {sharpe: 0.5}}, expect: {active: [a]}}
                  - {after: 1h, expect: {active: [a], demoted: []}}
                  - {after: 1h, expect: {active: [], demoted: [a]}}
            """);
        Assert.Empty(outcome.Mismatches);
        Assert.Equal(5, outcome.Outcomes.Count);
    }

    [Fact]
    public void Run_PreviousAndState_AreWhatTheFirstEvaluationRemembers()
    {
        var outcome = RunOne(Policy,
            """
            scenarios:
              - name: memory
                previous: [b]
                state: {a: {above: 1}, b: {since: 4h, below: 1}}
                strategies: {a: {sharpe: 2, max_dd: 0.1}, b: {sharpe: 0}}
                expect: {active: [a], promoted: [a], demoted: [b]}
            """);
        Assert.Empty(outcome.Mismatches);
    }

    [Fact]
    public void Run_OldData_IsSeenThroughAgeAndThroughTime()
    {
        var outcome = RunOne("data_currency: {max_lag: 5m}",
            """
            scenarios:
              - name: age
                now: 2026-03-01T12:00:00Z
                strategies: {a: {data_end: 5m}}
                expect: {data_currency: pass}
                steps:
                  - {strategies: {a: {data_end: 2026-03-01T11:54:59Z}}, expect: {data_currency: fail}}
                  - {strategies: {a: {data_end: 2026-03-01T11:55:00+00:00}}, expect: {data_currency: pass}}
                  - {after: 1s, expect: {data_currency: fail}}
            """);
        Assert.Empty(outcome.Mismatches);
    }

    [Fact]
    public void Run_WrongExpectations_EachIsNamedWithWhatWasDecided()
    {
        var outcome = RunOne("selection: {gates: {and: [sharpe >= 1]}, score: sharpe}",
            """
            scenarios:
              - name: wrong
                strategies: {a: {sharpe: 2}, b: {sharpe: 0.5}}
                expect: {active: [a, b], rejected: {a: gate_failed, b: below_min}, scores: {a: 3, b: 0.5}}
            """);
        Assert.Equal(
            [
                ("/scenarios/0/expect/active", "a, b", "a", "b"), ("/scenarios/0/expect/rejected/a", "gate_failed", "active (selected)", "a"),
                ("/scenarios/0/expect/rejected/b", "below_min", "gate_failed", "b"), ("/scenarios/0/expect/scores/a", "3", "2", "a"),
                ("/scenarios/0/expect/scores/b", "0.5", "none", "b"),
            ],
            outcome.Mismatches.Select(mismatch => (mismatch.Pointer, mismatch.Expected, mismatch.Was, mismatch.Verdict?.StrategyId)));
    }

    [Theory]
    [InlineData("[]", "", "mapping")]
    [InlineData("scenarios: []", "", "at least one")]
    [InlineData("scenarios: [{name: x, strategies: {}, step: []}]", "/scenarios/0/step", "did you mean 'steps'?")]
    [InlineData("scenarios: [{name: x, strategies: {a: {sharp: 1}}}]", "/scenarios/0/strategies/a/sharp", "did you mean 'sharpe'?")]
    [InlineData("scenarios: [{name: x, strategies: {a: {sharpe: high}}}]", "/scenarios/0/strategies/a/sharpe", "must be a number")]
    [InlineData("scenarios: [{name: x, strategies: {a: {data_end: soon}}}]", "/scenarios/0/strategies/a/data_end", "or how long ago")]
    [InlineData("scenarios: [{name: x, strategies: {abc: {}}, expect: {active: [abd]}}]", "/scenarios/0/expect/active", "did you mean 'abc'?")]
    [InlineData("scenarios: [{name: x, strategies: {a: {}}, expect: {rejected: {a: gate_fail}}}]", "/scenarios/0/expect/rejected/a", "did you mean 'gate_failed'?")]
    [InlineData("scenarios: [{name: x, strategies: {a: {}}, correlations: {'a': 0.5}}]", "/scenarios/0/correlations/a", "two strategies")]
    [InlineData("scenarios: [{name: x, strategies: {a: {}, b: {}}, correlations: {'a,b': 1.5}}]", "/scenarios/0/correlations/a,b", "-1 to 1")]
    [InlineData("scenarios: [{name: x, strategies: {a: {}}, previous: [c]}]", "/scenarios/0/previous", "no strategy 'c'")]
    [InlineData("scenarios: [{name: x, strategies: {a: {}}, steps: [{after: soon, expect: {active: []}}]}]", "/scenarios/0/steps/0/after", "must be a duration")]
    [InlineData("scenarios: [{name: x, strategies: {a: {}}}, {name: x, strategies: {a: {}}}]", "/scenarios/1", "stands twice")]
    [InlineData("scenarios: [{name: x}]", "/scenarios/0", "'strategies' is missing")]
    public void Read_Mistake_IsNamedWithItsPlace(string text, string pointer, string message)
    {
        var problems = new ProblemList();

        Assert.Empty(ScenarioReader.Read(text, PolicyFixture.Load("{}"), PolicyFixture.Catalog.Instance, problems));

        var problem = Assert.Single(problems.Items);
        Assert.Equal(pointer, problem.Pointer);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MoreJudgementsThanAllowed_IsRefusedBeforeAnythingRuns()
    {
        var strategies = string.Join(", ", Enumerable.Range(0, 500).Select(i => $"s{i}: {{}}"));
        var steps = string.Join(", ", Enumerable.Repeat("{after: 1s}", 401));
        var problems = new ProblemList();

        ScenarioReader.Read($"scenarios: [{{name: x, strategies: {{{strategies}}}, steps: [{steps}]}}]", PolicyFixture.Load("{}"), PolicyFixture.Catalog.Instance, problems);

        Assert.Contains("200500 judgements", Assert.Single(problems.Items).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Coverage_ListsEveryRuleAndWhatWasSeenOfIt()
    {
        var coverage = Cover(Policy,
            """
            scenarios:
              - name: one good, one bad
                strategies: {a: {sharpe: 2, max_dd: 0.1, data_end: 1m}, b: {sharpe: 0.5, max_dd: 0.1, data_end: 1m}}
                steps: [{}, {after: 1h}]
            """);
        Assert.Equal(
            [
                ("data_currency", "data_currency.max_lag: 5m", 4, 0, 0), ("gate", "sharpe >= 1", 2, 2, 2), ("gate", "max_dd <= 0.2", 4, 0, 0), ("gate", "winrate >= 0.6", 0, 4, 0),
                ("correlation", "|correlation| <= 0.8", 2, 0, 0), ("top_k", "total <= 2", 2, 0, 0), ("top_k", "short <= 1", 0, 0, 0),
                ("hysteresis", "promote_after: 2", 1, 1, 1), ("hysteresis", "demote_after: 2", 0, 0, 0), ("hysteresis", "min_dwell: 3h", 0, 0, 0),
            ],
            coverage.Rules.Select(rule => (rule.Rule, rule.Text, rule.Passed, rule.Failed, rule.Decisive)));
        Assert.Equal(20, coverage.Percent);
    }

    [Fact]
    public void Coverage_ScenariosThatMeetEveryRuleFromBothSides_AreComplete()
    {
        var coverage = Cover(
            """
            thresholds: {d: {metric: max_dd, min: 0.01, max: 0.3}}
            selection: {score: sharpe, topk: {total: 2, by_side: {short: 1}}, constraints: {correlation: {max_pairwise: 0.8}}}
            hysteresis: {metric: sharpe, enter: 1, exit: 0.5, promote_after: 2, demote_after: 2, min_dwell: 1h}
            """,
            """
            scenarios:
              - name: limits
                strategies:
                  low: {sharpe: 3, max_dd: 0}
                  high: {sharpe: 3, max_dd: 0.4}
                  twin: {sharpe: 2.9, max_dd: 0.1}
                  good: {sharpe: 3, max_dd: 0.1}
                  third: {sharpe: 2, max_dd: 0.1}
                  last: {sharpe: 1.5, max_dd: 0.1}
                correlations: {"good,twin": -0.9}
                expect: {rejected: {low: below_min, high: above_max, twin: correlation_exceeded, last: top_k_exceeded}}
              - name: sides
                strategies: {s: {side: short, sharpe: 2, max_dd: 0.1}, t: {side: short, sharpe: 1.5, max_dd: 0.1}}
                expect: {rejected: {t: side_limit_exceeded}}
              - name: levels and streaks
                strategies: {a: {sharpe: 0.9, max_dd: 0.1}}
                expect: {rejected: {a: below_enter}}
                steps:
                  - {after: 1h, strategies: {a: {sharpe: 1}}, expect: {rejected: {a: promotion_pending}}}
                  - {after: 1h, expect: {promoted: [a]}}
                  - {after: 10m, strategies: {a: {sharpe: 0.5}}, expect: {active: [a]}}
                  - {after: 10m, strategies: {a: {sharpe: 0.4}}, expect: {active: [a]}}
                  - {after: 10m, expect: {active: [a]}}
                  - {after: 1h, expect: {demoted: [a]}}
            """);
        Assert.All(coverage.Rules, rule => Assert.True(rule.Covered && rule.Decisive > 0, rule.ToString()));
        Assert.Equal((10, 100.0), (coverage.Rules.Count, coverage.Percent));
    }

    [Fact]
    public void Coverage_PolicyWithoutRules_IsComplete() => Assert.Equal(100, new CoverageCounter(PolicyFixture.Load("{}")).Percent);

    private static ScenarioOutcome RunOne(string policy, string scenarios) => Assert.Single(RunAll(policy, scenarios).Outcomes);

    private static CoverageCounter Cover(string policy, string scenarios)
    {
        var (outcomes, coverage) = RunAll(policy, scenarios);
        Assert.Empty(outcomes.SelectMany(outcome => outcome.Mismatches));
        return coverage;
    }

    private static (List<ScenarioOutcome> Outcomes, CoverageCounter Coverage) RunAll(string policy, string scenarios)
    {
        var problems = new ProblemList();
        PolicyDocument document = PolicyFixture.Load(policy);
        var read = ScenarioReader.Read(scenarios, document, PolicyFixture.Catalog.Instance, problems);
        Assert.True(problems.Items.Count == 0, string.Join('\n', problems.Items.Select(problem => $"{problem.Pointer}: {problem.Message}")));
        var coverage = new CoverageCounter(document);
        return ([.. read.Select(scenario => ScenarioRunner.Run(document, scenario, coverage))], coverage);
    }
}
