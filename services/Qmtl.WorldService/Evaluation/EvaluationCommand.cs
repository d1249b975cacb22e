using System.Buffers;
using Google.Protobuf.Collections;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>A request to evaluate that was checked and understood.</summary>
/// <param name="Subjects">The strategies that get a run of their own.</param>
/// <param name="Metrics">Metrics as given, flattened, by strategy.</param>
internal sealed record EvaluationCommand(
    string WorldId,
    string RunId,
    string Stage,
    string RiskTier,
    string ModelCardVersion,
    IReadOnlyList<string> Subjects,
    IReadOnlyDictionary<string, MetricSet> Metrics,
    IReadOnlyDictionary<string, StrategySeries> Series,
    IReadOnlyList<PairCorrelation> Correlations,
    IReadOnlyList<string> Previous,
    EvaluationOverride? Override,
    EvaluationData? Data,
    bool DryRun)
{
    public string CampaignId { get; init; } = "";

    /// <summary>Equal for equal content, so that a repeated request is known; the run id is not part of it.</summary>
    public string ContentHash()
    {
        var hasher = new ContentHasher();
        hasher.Add(WorldId, Stage, RiskTier, ModelCardVersion, CampaignId);
        foreach (var subject in Subjects) hasher.Add("subject", subject);
        Add(hasher, Metrics);
        foreach (var strategy in Ordered(Series.Keys))
        {
            var series = Series[strategy];
            hasher.Add("series", strategy, series.Side);
            foreach (var symbol in series.Symbols) hasher.Add("symbol", symbol);
            Add(hasher, series.Returns);
            Add(hasher, series.Equity);
            Add(hasher, series.Pnl);
        }

        foreach (var (first, second, value) in Correlations.OrderBy(pair => pair.First, StringComparer.Ordinal).ThenBy(pair => pair.Second, StringComparer.Ordinal))
        {
            hasher.Add("correlation", first, second);
            hasher.Add(value);
        }

        foreach (var strategy in Previous) hasher.Add("previous", strategy);
        hasher.Add(Override is null ? "" : Json.Write(Override), Data is null ? "" : Json.Write(Data));
        return NodeId.Prefix + hasher.Finish();
    }

    /// <summary>The names once for strategies, in ordinal order, that follow each other and report the same; that depends on the content alone.</summary>
    private static void Add(ContentHasher hasher, IReadOnlyDictionary<string, MetricSet> metrics)
    {
        MetricSchema? last = null;
        var numbers = Array.Empty<double>();
        foreach (var strategy in Ordered(metrics.Keys))
        {
            var set = metrics[strategy];
            var ordinal = set.Schema.Ordinal;
            if (last is null || !set.Schema.HasNamesOf(last))
            {
                hasher.Add("names");
                hasher.Add(ordinal.Length);
                foreach (var place in ordinal) hasher.Add(set.Schema.Names[place]);
                numbers = new double[ordinal.Length];
            }

            last = set.Schema;
            for (var i = 0; i < ordinal.Length; i++) numbers[i] = set.Numbers[ordinal[i]];
            hasher.Add("metrics", strategy);
            hasher.Add(numbers.AsSpan());
        }
    }

    private static void Add(ContentHasher hasher, RepeatedField<double> numbers)
    {
        var copy = ArrayPool<double>.Shared.Rent(numbers.Count);
        numbers.CopyTo(copy, 0);
        hasher.Add(copy.AsSpan(0, numbers.Count));
        ArrayPool<double>.Shared.Return(copy);
    }

    private static string[] Ordered(IEnumerable<string> keys)
    {
        string[] ordered = [.. keys];
        Array.Sort(ordered, StringComparer.Ordinal);
        return ordered;
    }
}
