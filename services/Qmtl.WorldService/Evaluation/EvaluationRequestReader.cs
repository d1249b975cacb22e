using System.Globalization;
using Google.Protobuf.Collections;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Checks a request to evaluate, field by field. Pure.</summary>
internal sealed class EvaluationRequestReader(WorldServiceOptions options, MetricNames names)
{
    private const int MaxSymbols = 10_000;
    private const int MaxSymbolLength = 100;
    private static readonly string[] Stages = ["backtest", "paper", "live"];
    private static readonly string[] Tiers = ["low", "medium", "high"];
    private static readonly string[] OverrideStatuses = ["approved", "rejected", "none"];
    private static readonly string[] SeriesSides = ["", "long", "short", "both"];

    public EvaluationCommand Read(EvaluateRequest request, string worldId, DateTimeOffset now)
    {
        var subject = request.StrategyId.Length > 0 ? request.StrategyId : OnlyOne(request);
        StrategyIds.Check(subject, "/strategy_id");
        var runId = request.RunId.Length > 0 ? request.RunId : string.Create(CultureInfo.InvariantCulture, $"eval-{subject}-{now.ToUnixTimeSeconds()}");
        return Read(request, worldId, runId, [subject], "");
    }

    private static string OnlyOne(EvaluateRequest request)
    {
        var named = Named(request);
        return named.Length == 1 ? named[0] : throw Refuse.Field("/strategy_id", $"must name the strategy that the run is about, since metrics and series name {named.Length}");
    }

    public EvaluationCommand ReadCohort(EvaluateCohortRequest request, DateTimeOffset now)
    {
        var evaluation = AsEvaluation(request);
        var candidates = request.Candidates.Count > 0 ? [.. request.Candidates.Distinct(StringComparer.Ordinal)] : Named(evaluation);
        if (candidates.Length == 0) throw Refuse.Field("/candidates", "must name at least one strategy, since metrics and series name none");
        for (var i = 0; i < candidates.Length; i++) StrategyIds.Check(candidates[i], $"/candidates/{i}");
        var runId = evaluation.RunId.Length > 0 ? evaluation.RunId : string.Create(CultureInfo.InvariantCulture, $"cohort-{now.ToUnixTimeSeconds()}");
        return Read(evaluation, request.WorldId, runId, candidates, request.CampaignId.Length > 0 ? request.CampaignId : "campaign-" + runId);
    }

    private static EvaluateRequest AsEvaluation(EvaluateCohortRequest request)
    {
        var evaluation = new EvaluateRequest
        {
            WorldId = request.WorldId,
            RunId = request.RunId,
            Stage = request.Stage,
            RiskTier = request.RiskTier,
            Data = request.Data,
            DryRun = request.DryRun,
            MetricTable = request.MetricTable,
        };
        evaluation.Metrics.Add(request.Metrics);
        evaluation.Series.Add(request.Series);
        evaluation.Correlations.Add(request.Correlations);
        evaluation.Previous.Add(request.Previous);
        return evaluation;
    }

    private EvaluationCommand Read(EvaluateRequest request, string worldId, string runId, IReadOnlyList<string> subjects, string campaignId)
    {
        RunIds.Check(runId, "/run_id");
        CheckOverride(request.Override);
        CheckData(request.Data);
        CheckStrategies(request);
        for (var i = 0; i < request.Previous.Count; i++) StrategyIds.Check(request.Previous[i], $"/previous/{i}");
        return new EvaluationCommand(
            worldId,
            runId,
            OneOf(request.Stage, "/stage", Stages, "backtest"),
            OneOf(request.RiskTier, "/risk_tier", Tiers, "medium"),
            request.ModelCardVersion,
            subjects,
            ReadMetrics(request),
            CheckSeries(request.Series),
            [.. request.Correlations.Select(pair => ReadPair(pair.Key, pair.Value))],
            [.. request.Previous],
            request.Override,
            request.Data,
            request.DryRun)
        {
            CampaignId = campaignId,
        };
    }

    private void CheckStrategies(EvaluateRequest request)
    {
        var count = Strategies(request).Distinct(StringComparer.Ordinal).Count();
        if (count > options.MaxStrategies) throw Refuse.Field("/metrics", $"may name at most {options.MaxStrategies} strategies, named {count}");
        foreach (var strategy in request.Metrics.Keys) CheckStrategy("metrics", strategy);
        foreach (var strategy in request.Series.Keys) CheckStrategy("series", strategy);
    }

    private static void CheckStrategy(string field, string strategy)
    {
        if (!StrategyIds.IsValid(strategy)) StrategyIds.Check(strategy, Pointer(field, strategy));
    }

    private Dictionary<string, MetricSet> ReadMetrics(EvaluateRequest request)
    {
        var table = request.MetricTable;
        var metrics = new Dictionary<string, MetricSet>(request.Metrics.Count + (table?.StrategyIds.Count ?? 0), StringComparer.Ordinal);
        var flattener = new MetricFlattener(names);
        foreach (var (strategy, given) in request.Metrics) metrics.Add(strategy, flattener.Flatten(strategy, given));
        if (table is not null) new MetricTableReader(table, names).ReadInto(metrics);
        return metrics;
    }

    private Dictionary<string, StrategySeries> CheckSeries(MapField<string, StrategySeries> series)
    {
        var points = series.Values.Sum(one => (long)one.Returns.Count + one.Equity.Count + one.Pnl.Count);
        if (points > options.MaxSeriesPoints) throw Refuse.Field(ReasonCodes.TooLarge, "/series", $"may hold at most {options.MaxSeriesPoints} points, held {points}");
        foreach (var (strategy, one) in series)
        {
            var pointer = Pointer("series", strategy);
            CheckFinite(one.Returns, pointer + "/returns", -1);
            CheckFinite(one.Equity, pointer + "/equity", double.Epsilon);
            CheckFinite(one.Pnl, pointer + "/pnl", double.NegativeInfinity);
            if (one is { Pnl.Count: > 0, Returns.Count: 0, Equity.Count: 0 }) throw Refuse.Field(pointer + "/pnl", "needs returns or equity beside it: a profit in currency is no return");
            if (!SeriesSides.Contains(one.Side, StringComparer.Ordinal)) throw Refuse.Field(pointer + "/side", $"must be long, short or both, was '{one.Side}'");
            CheckSymbols(one.Symbols, pointer + "/symbols");
        }

        return new Dictionary<string, StrategySeries>(series, StringComparer.Ordinal);
    }

    private static void CheckSymbols(RepeatedField<string> symbols, string pointer)
    {
        if (symbols.Count > MaxSymbols) throw Refuse.Field(ReasonCodes.TooLarge, pointer, $"may name at most {MaxSymbols} symbols, named {symbols.Count}");
        for (var i = 0; i < symbols.Count; i++)
        {
            if (symbols[i].Length is 0 or > MaxSymbolLength) throw Refuse.Field($"{pointer}/{i}", $"must be a symbol of 1 to {MaxSymbolLength} characters");
        }
    }

    private static void CheckFinite(RepeatedField<double> values, string pointer, double least)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (!double.IsFinite(values[i])) throw Refuse.Field($"{pointer}/{i}", "must be a finite number");
            if (values[i] < least) throw Refuse.Field($"{pointer}/{i}", least > 0
                    ? string.Create(CultureInfo.InvariantCulture, $"must be above 0, was {values[i]}")
                    : string.Create(CultureInfo.InvariantCulture, $"must not be below {least}: more than everything cannot be lost, was {values[i]}"));
        }
    }

    public static PairCorrelation ReadPair(string key, double value)
    {
        var pointer = Pointer("correlations", key);
        var ids = key.Split([',', ':'], 2);
        if (ids.Length != 2 || ids[0].Length == 0 || ids[1].Length == 0) throw Refuse.Field(pointer, "must be keyed by two strategy ids, 'a,b'");
        if (!(value >= -1 && value <= 1)) throw Refuse.Field(pointer, string.Create(CultureInfo.InvariantCulture, $"must be -1 to 1, was {value}"));
        return new PairCorrelation(ids[0].Trim(), ids[1].Trim(), value);
    }

    public static void CheckOverride(EvaluationOverride? given)
    {
        if (given is null) return;
        OneOf(given.Status, "/override/status", OverrideStatuses, "none");
        if (!string.Equals(given.Status, "approved", StringComparison.Ordinal)) return;
        if (given.Reason.Length == 0) throw Refuse.Field(ReasonCodes.OverrideIncomplete, "/override/reason", "is required to approve");
        if (given.Actor.Length == 0) throw Refuse.Field(ReasonCodes.OverrideIncomplete, "/override/actor", "is required to approve");
        if (given.Timestamp is null) throw Refuse.Field(ReasonCodes.OverrideIncomplete, "/override/timestamp", "is required to approve");
    }

    private static void CheckData(EvaluationData? data)
    {
        if (data is null) return;
        if (data.PeriodsPerYear is { } periods && !(periods > 0 && double.IsFinite(periods))) throw Refuse.Field("/data/periods_per_year", string.Create(CultureInfo.InvariantCulture, $"must be above 0, was {periods}"));
        if (data.DataStart is { } start && data.DataEnd is { } end && start > end) throw Refuse.Field("/data/data_end", "must not lie before data_start");
    }

    private static string OneOf(string value, string pointer, string[] allowed, string standard)
    {
        if (value.Length == 0) return standard;
        return allowed.Contains(value, StringComparer.Ordinal) ? value : throw Refuse.Field(pointer, $"must be one of {string.Join(", ", allowed)}, was '{value}'");
    }

    private static string[] Named(EvaluateRequest request) => [.. Strategies(request).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Strategies(EvaluateRequest request) => request.Metrics.Keys.Concat(request.MetricTable?.StrategyIds ?? []).Concat(request.Series.Keys);

    private static string Pointer(string field, string key) => Policies.Documents.JsonPointer.Child("/" + field, key);
}
