using System.Runtime.InteropServices;
using System.Text;
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
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Metrics,
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
        var hasher = new Blake3Hasher();
        Add(hasher, WorldId, Stage, RiskTier, ModelCardVersion, CampaignId);
        foreach (var subject in Subjects) Add(hasher, "subject", subject);
        foreach (var (strategy, metrics) in Metrics.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Add(hasher, "metrics", strategy);
            foreach (var (name, value) in metrics.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                Add(hasher, name);
                Add(hasher, [value]);
            }
        }

        foreach (var (strategy, series) in Series.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Add(hasher, "series", strategy, series.Side);
            foreach (var symbol in series.Symbols) Add(hasher, "symbol", symbol);
            Add(hasher, [.. series.Returns]);
            Add(hasher, [.. series.Equity]);
            Add(hasher, [.. series.Pnl]);
        }

        foreach (var (first, second, value) in Correlations.OrderBy(pair => pair.First, StringComparer.Ordinal).ThenBy(pair => pair.Second, StringComparer.Ordinal))
        {
            Add(hasher, "correlation", first, second);
            Add(hasher, [value]);
        }

        foreach (var strategy in Previous) Add(hasher, "previous", strategy);
        Add(hasher, Override is null ? "" : Json.Write(Override), Data is null ? "" : Json.Write(Data));
        Span<byte> digest = stackalloc byte[Blake3.DigestBytes];
        hasher.Finish(digest);
        return NodeId.Prefix + Convert.ToHexStringLower(digest);
    }

    // Lengths go first, so that no two contents run together into one.
    private static void Add(Blake3Hasher hasher, params ReadOnlySpan<string> texts)
    {
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            hasher.Update(BitConverter.GetBytes(bytes.Length));
            hasher.Update(bytes);
        }
    }

    private static void Add(Blake3Hasher hasher, ReadOnlySpan<double> numbers)
    {
        hasher.Update(BitConverter.GetBytes(numbers.Length));
        hasher.Update(MemoryMarshal.AsBytes(numbers));
    }
}
