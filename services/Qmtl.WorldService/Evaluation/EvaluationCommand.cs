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
        foreach (var strategy in Ordered(Metrics.Keys))
        {
            hasher.Add("metrics", strategy);
            var metrics = Metrics[strategy];
            foreach (var place in metrics.Schema.Ordinal)
            {
                hasher.Add(metrics.Schema.Names[place]);
                hasher.Add(metrics.Numbers[place]);
            }
        }

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
