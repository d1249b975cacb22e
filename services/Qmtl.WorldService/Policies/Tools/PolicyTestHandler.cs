using System.Text;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>Judges a policy by scenarios. It reads and writes no world, so it asks for no role in one.</summary>
internal sealed class PolicyTestHandler(PolicyLoader loader, IMetricCatalog catalog)
{
    public TestPolicyResponse Test(TestPolicyRequest request)
    {
        var policy = Load(request.Policy);
        var problems = new ProblemList();
        var scenarios = ScenarioReader.Read(request.Scenarios, policy, catalog, problems);
        if (problems.Items.Count > 0) throw DocumentRefusals.Of(ReasonCodes.ScenariosInvalid, "The scenarios were not accepted", "/scenarios", problems.Items);

        var coverage = new CoverageCounter(policy);
        var response = new TestPolicyResponse();
        response.Scenarios.Add(scenarios.Select(scenario => ToMessage(ScenarioRunner.Run(policy, scenario, coverage))));
        response.Passed = response.Scenarios.All(scenario => scenario.Passed);
        response.Coverage = new PolicyCoverage { Percent = coverage.Percent };
        response.Coverage.Rules.Add(coverage.Rules.Select(rule => new RuleCoverage { Rule = rule.Rule, Text = rule.Text, Passed = rule.Passed, Failed = rule.Failed, Decisive = rule.Decisive }));
        return response;
    }

    private PolicyDocument Load(string text)
    {
        var load = loader.Load(Encoding.UTF8.GetBytes(text), contentType: null);
        return load.Policy?.Document ?? throw DocumentRefusals.Of(ReasonCodes.PolicyInvalid, "The policy was not accepted", "/policy", load.Problems);
    }

    private static ScenarioResult ToMessage(ScenarioOutcome outcome)
    {
        var result = new ScenarioResult { Name = outcome.Scenario.Name, Passed = outcome.Mismatches.Count == 0 };
        foreach (var mismatch in outcome.Mismatches)
        {
            var message = new ScenarioMismatch { Pointer = mismatch.Pointer, Expected = mismatch.Expected, Was = mismatch.Was };
            message.Reasons.Add((mismatch.Verdict?.Reasons ?? []).Select(Selection.ReasonMessages.Of));
            result.Mismatches.Add(message);
        }

        foreach (var (evaluation, decided) in outcome.Scenario.Evaluations.Zip(outcome.Outcomes))
        {
            var step = new ScenarioStep { At = Timestamp.FromDateTimeOffset(evaluation.At) };
            step.Active.Add(decided.Active);
            step.Strategies.Add(decided.Verdicts.Select(StandingMessages.Of));
            result.Steps.Add(step);
        }

        return result;
    }
}
