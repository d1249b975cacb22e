using System.Text;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Tests.Policies;

/// <summary>Loads policies against a handful of metric names and evaluates them over a sequence of times.</summary>
internal sealed class PolicyFixture
{
    public static readonly DateTimeOffset Start = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    private readonly PolicyDocument _policy;
    private readonly Dictionary<string, StrategyState> _states = new(StringComparer.Ordinal);

    public PolicyFixture(string yaml) => _policy = Load(yaml);

    public PolicyFixture(PolicyDocument policy) => _policy = policy;

    public PolicyDocument Policy => _policy;

    public DateTimeOffset Now { get; set; } = Start;

    public PolicyOutcome Evaluate(params Candidate[] candidates) => Evaluate([], candidates);

    public PolicyOutcome Evaluate(PairCorrelation[] correlations, params Candidate[] candidates) => Evaluate(new PolicyInputs(candidates, correlations, _states, Now));

    public PolicyOutcome Evaluate(PolicyInputs inputs)
    {
        var outcome = PolicyEngine.Evaluate(_policy, inputs with { States = _states });
        foreach (var verdict in outcome.Verdicts) _states[verdict.StrategyId] = verdict.Next;
        return outcome;
    }

    public static Candidate Strategy(string id, params (string Metric, double Value)[] metrics) =>
        new(id, StrategySide.Long, metrics.ToDictionary(metric => metric.Metric, metric => metric.Value, StringComparer.Ordinal));

    public static PolicyDocument Load(string yaml)
    {
        var load = TryLoad(yaml);
        Assert.True(load.Policy is not null, string.Join('\n', load.Problems.Select(problem => $"{problem.Pointer}: {problem.Message}")));
        return load.Policy.Document;
    }

    public static PolicyLoad TryLoad(string text, string? contentType = null) => new PolicyLoader(Catalog.Instance).Load(Encoding.UTF8.GetBytes(text), contentType);

    public static DocumentProblem OnlyProblem(string text, string? contentType = null)
    {
        var load = TryLoad(text, contentType);
        Assert.Null(load.Policy);
        return Assert.Single(load.Problems);
    }

    public sealed class Catalog : IMetricCatalog
    {
        public static readonly Catalog Instance = new();

        private static readonly string[] Names =
        [
            "sharpe", "sharpe_mid", "max_dd", "max_dd_120d", "winrate", "winrate_long", "ulcer_mid", "profit_factor", "sample_days", "trades", "trades_60d", "total_return", "dsr",
        ];

        public bool Knows(string name) => Names.Contains(name, StringComparer.Ordinal);

        public string Canonical(string name) => name;

        public string? Suggest(string name) => Nearest.Find(name, Names);
    }
}
