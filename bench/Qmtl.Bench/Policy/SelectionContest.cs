using System.Text;
using Qmtl.Bench.Measuring;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.Bench.Policy;

/// <summary>A world of many strategies, judged once by the engine and once by code written for this one policy.</summary>
internal static class SelectionContest
{
    public static Contest Prepare(int strategies, bool matrices)
    {
        var policy = new PolicyLoader(new MetricNames()).Load(Encoding.UTF8.GetBytes(PlainSelection.PolicyText(strategies)), "application/yaml").Policy!.Document;
        var world = SampleWorld.Generate(strategies, matrices, seed: 7);
        return new Contest(
            Items: 1,
            () => Fingerprint(world, PlainSelection.Run(world)),
            () =>
            {
                var outcome = PolicyEngine.Evaluate(policy, world.Inputs);
                var nodes = 0;
                foreach (var verdict in outcome.Verdicts) nodes += Count(verdict.Reasons);
                // At least one reason for each of the rules that look at every strategy.
                if (nodes < strategies * 10) throw new InvalidOperationException($"only {nodes} reasons for {strategies} strategies");
                return Fingerprint(world, outcome.Active);
            },
            Tolerance: 0);
    }

    private static int Count(IReadOnlyList<ReasonNode> reasons)
    {
        var count = reasons.Count;
        foreach (var reason in reasons) count += Count(reason.Children);
        return count;
    }

    /// <summary>Who is active, and in which order.</summary>
    private static double[] Fingerprint(SampleWorld world, IReadOnlyList<string> active) => [.. active.Select(id => (double)world.IndexOf(id))];
}
