using System.Globalization;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.Bench.Policy;

/// <summary>
/// Strategies with metrics as evaluations report them, correlated in two ways: families of fifty whose matrix is known in full,
/// and pairs across families.
/// </summary>
internal sealed class SampleWorld(PolicyInputs inputs, PairCorrelation[] pairs)
{
    private const int Family = 50;

    public static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] Names =
        ["sample_days", "trades_60d", "sharpe_90d", "max_dd_120d", "winrate_365d", "ulcer_90d", "profit_factor", "max_dd", "sharpe", "sortino", "cagr", "volatility"];

    private readonly Dictionary<string, int> _index = inputs.Candidates.Select((candidate, i) => (candidate.StrategyId, i)).ToDictionary(pair => pair.StrategyId, pair => pair.i, StringComparer.Ordinal);

    public PolicyInputs Inputs { get; } = inputs;

    /// <summary>Every known pair, whichever way the inputs hold it.</summary>
    public PairCorrelation[] Pairs { get; } = pairs;

    public int IndexOf(string strategyId) => _index[strategyId];

    /// <summary>Makes a world, always the same for the same arguments.</summary>
    /// <param name="matrices">Whether the families come as matrices; otherwise pair by pair, as the rest.</param>
    public static SampleWorld Generate(int strategies, bool matrices, int seed)
    {
        var random = new Random(seed);
        var ids = Enumerable.Range(0, strategies).Select(i => string.Create(CultureInfo.InvariantCulture, $"strategy-{i:00000}")).ToArray();
        var sets = new MetricSetMaker();
        var candidates = ids.Select(id => new Candidate(id, (StrategySide)random.Next(1, 3), sets.Make(Metrics(random)), Now.AddMinutes(-random.Next(0, 90)), TimeSpan.FromDays(random.Next(50, 900)))).ToArray();
        var states = ids.Where(_ => random.Next(20) == 0).ToDictionary(
            id => id, _ => new StrategyState(Active: true, Now.AddHours(-random.Next(1, 10)), random.Next(1, 5), random.Next(0, 2)), StringComparer.Ordinal);
        PairCorrelation[] across = [.. Across(ids, random)];
        CorrelationMatrix[] families = [.. Families(ids, random)];
        PairCorrelation[] all = [.. across, .. families.SelectMany(PairsOf)];
        var inputs = matrices ? new PolicyInputs(candidates, across, states, Now) { Matrices = families } : new PolicyInputs(candidates, all, states, Now);
        return new SampleWorld(inputs, all);
    }

    private static Dictionary<string, double> Metrics(Random random)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var name in Names) values[name] = Value(name, random.NextDouble());
        return values;
    }

    private static double Value(string name, double u) => name switch
    {
        "sample_days" => 20 + (u * 600),
        "trades_60d" => 20 + (u * 200),
        "max_dd_120d" or "max_dd" or "ulcer_90d" or "volatility" => u * 0.35,
        "winrate_365d" => 0.3 + (u * 0.4),
        _ => (u * 3) - 0.5,
    };

    private static IEnumerable<PairCorrelation> Across(string[] ids, Random random) => Enumerable.Range(0, ids.Length * 2).Select(_ =>
    {
        var first = random.Next(ids.Length);
        return new PairCorrelation(ids[first], ids[(first + 1 + random.Next(ids.Length - 1)) % ids.Length], (random.NextDouble() * 2) - 1);
    });

    private static IEnumerable<CorrelationMatrix> Families(string[] ids, Random random) => ids.Chunk(Family).Select(members =>
    {
        var lower = new double[members.Length * (members.Length - 1) / 2];
        for (var i = 0; i < lower.Length; i++) lower[i] = random.NextDouble();
        return new CorrelationMatrix(members, lower);
    });

    private static IEnumerable<PairCorrelation> PairsOf(CorrelationMatrix matrix)
    {
        var at = 0;
        for (var i = 1; i < matrix.Members.Count; i++)
        {
            for (var j = 0; j < i; j++) yield return new PairCorrelation(matrix.Members[i], matrix.Members[j], matrix.Lower.Span[at++]);
        }
    }
}
