using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Judges a policy by scenarios, as a test suite judges code.</summary>
internal sealed class TestPolicyCommand : CliCommand
{
    private readonly Argument<string> _policy = new("POLICY") { Description = "Policy document, YAML or JSON; - reads it from the standard input." };
    private readonly Argument<string> _scenarios = new("SCENARIOS") { Description = "Scenarios document, YAML or JSON." };
    private readonly Option<double> _coverage = Numbers.Double("--min-coverage", 0, "Fail below this share of rules seen both passing and failing, 0 to 100.");

    public TestPolicyCommand(CliShell shell)
        : base(shell, "test", "Judge a policy by scenarios.")
    {
        Add(_policy);
        Add(_scenarios);
        Add(_coverage);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var least = run.Get(_coverage);
        if (least is < 0 or > 100) throw new UsageException(_coverage.Name, $"{_coverage.Name} must be 0 to 100, was {Screen.Number(least)}.");
        var request = new TestPolicyRequest
        {
            Policy = await TextFile.ReadAsync(run.Host, run.Get(_policy), cancellationToken),
            Scenarios = await TextFile.ReadAsync(run.Host, run.Get(_scenarios), cancellationToken),
        };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var answer = await session.Client.PostAsync<TestPolicyResponse>("policies/test", request, cancellationToken);
        var covered = answer.Coverage.Percent >= least;
        run.Print(answer, screen => Draw(screen, answer, covered ? null : least));
        return answer.Passed && covered ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static void Draw(Screen screen, TestPolicyResponse answer, double? missed)
    {
        foreach (var scenario in answer.Scenarios)
        {
            screen.Line($"{(scenario.Passed ? "passed" : "FAILED")}  {scenario.Name}");
            foreach (var mismatch in scenario.Mismatches)
            {
                screen.Line($"  {mismatch.Pointer}: expected {mismatch.Expected}, was {mismatch.Was}");
                ReasonTree.Draw(screen, mismatch.Reasons);
            }
        }

        screen.Table(
            ["rule", "stated as", "passed", "failed", "decisive"],
            answer.Coverage.Rules.Select(rule => (IReadOnlyList<string>)[rule.Rule, rule.Text, Screen.Whole(rule.Passed), Screen.Whole(rule.Failed), Screen.Whole(rule.Decisive)]));
        var failed = answer.Scenarios.Count(scenario => !scenario.Passed);
        screen.Line($"{Screen.Whole(answer.Scenarios.Count)} scenarios, {Screen.Whole(failed)} failed; {Screen.Number(answer.Coverage.Percent)} % of the rules seen both passing and failing{(missed is { } least ? $", which is less than {Screen.Number(least)} %" : "")}");
    }
}
