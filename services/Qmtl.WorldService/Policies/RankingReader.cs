using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies;

/// <summary>What orders candidates, and what limits the ordered list.</summary>
internal readonly record struct Ranking(Expression? Expression, TopKPolicy? TopK, double? MaxCorrelation, ExposurePolicy? Exposure);

/// <summary>Reads what ranks candidates and what limits a ranked list: score, top-k and correlation, in either spelling.</summary>
internal static class RankingReader
{
    public static Ranking Read(
        SectionReader root, SectionReader? selection, MetricResolver metrics, ProblemList problems)
    {
        var score = selection?.Node("score") switch
        {
            null => null,
            TextNode text => metrics.Parse(text, ExpressionParser.ParseScore),
            NumberNode number => new Expression.Number(number.Value),
            var other => Refuse<Expression>(other, problems, $"score must be an expression, was {other.Kind}"),
        };
        var (rank, topK) = ReadTopK(root, selection, metrics, problems);
        var correlation = ReadCorrelation(root, selection, problems);
        var exposure = ExposureReader.Read(selection, problems);
        var ranking = new Ranking(score ?? rank, topK, correlation, exposure);
        if (ranking.Expression is null && !HasScore(selection)) CheckRanked(root, selection, ranking, problems);
        return ranking;
    }

    private static bool HasScore(SectionReader? selection) => selection?.Has("score") == true;

    /// <summary>Taking the best needs to know what best means.</summary>
    private static void CheckRanked(SectionReader root, SectionReader? selection, Ranking ranking, ProblemList problems)
    {
        if (root.Has("top_k") || selection?.Has("top_k") == true) return;
        if (ranking.TopK is not null) problems.Invalid(selection!.Node("topk")!, "topk needs selection.score, or use top_k with a metric of its own");
        else if (ranking.MaxCorrelation is not null)
        {
            var node = root.Node("correlation") ?? selection!.Node("correlation") ?? selection.Node("constraints")!;
            problems.Invalid(node, "of two correlated strategies the better one stays: selection.score or top_k.metric must say which that is");
        }
        else if (ranking.Exposure is not null)
        {
            problems.Invalid(selection!.Node("constraints")!, "exposure drops the worst strategies first: selection.score or top_k.metric must say which these are");
        }
    }

    private static (Expression? Rank, TopKPolicy? TopK) ReadTopK(SectionReader root, SectionReader? selection, MetricResolver metrics, ProblemList problems)
    {
        var owner = root.Has("top_k") ? root : selection;
        return owner?.Section("top_k", "metric", "k") is { } single
            ? ReadByMetric(single, selection, metrics, problems)
            : (null, ReadByScore(selection, problems));
    }

    private static (Expression? Rank, TopKPolicy? TopK) ReadByMetric(SectionReader section, SectionReader? selection, MetricResolver metrics, ProblemList problems)
    {
        if (HasScore(selection)) problems.Invalid(section.Mapping, "top_k ranks by its own metric; with a score use selection.topk");
        if (selection?.Has("topk") == true) problems.Invalid(section.Mapping, "top_k and topk say the same thing; keep one");
        if (!section.Has("k")) problems.Invalid(section.Mapping, "'k' is missing here");
        var metric = metrics.Metric(section, "metric");
        var k = section.Integer("k", 1);
        return metric is null || k is null ? default : (new Expression.Metric(metric.Value.Name, metric.Value.Slot), new TopKPolicy(k, null, null));
    }

    private static TopKPolicy? ReadByScore(SectionReader? selection, ProblemList problems)
    {
        if (selection?.Section("topk", "total", "by_side") is not { } section) return null;
        var sides = section.Section("by_side", "long", "short");
        if (!section.Has("total") && !section.Has("by_side")) problems.Invalid(section.Mapping, "topk needs total, by_side or both");
        return new TopKPolicy(section.Integer("total", 0), sides?.Integer("long", 0), sides?.Integer("short", 0));
    }

    // Limits compare the absolute correlation: two strategies that always move against each other are one bet as well.
    private static double? ReadCorrelation(SectionReader root, SectionReader? selection, ProblemList problems)
    {
        var owner = root.Has("correlation") ? root : selection;
        var plain = owner?.Section("correlation", "max");
        var max = plain?.Require("max", plain.Number("max", 0, 1));

        var constraints = selection?.Section("constraints", "correlation", "exposure");
        if (constraints?.Section("correlation", "max_pairwise") is not { } pairwise) return max;
        if (plain is not null) problems.Invalid(pairwise.Mapping, "correlation.max and constraints.correlation.max_pairwise say the same thing; keep one");
        return pairwise.Require("max_pairwise", pairwise.Number("max_pairwise", 0, 1));
    }

    private static T? Refuse<T>(DocumentNode node, ProblemList problems, string message)
        where T : class
    {
        problems.Invalid(node, message);
        return null;
    }
}
