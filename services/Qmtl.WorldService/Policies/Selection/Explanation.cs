using System.Globalization;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>One strategy's reasons, before they are told.</summary>
internal readonly record struct Explanation(ReasonTeller Teller, CandidateTrace Trace)
{
    public IReadOnlyList<ReasonNode> Tell() => Teller.Tell(Trace);
}

/// <summary>
/// Tells the reasons of a verdict from the facts the stages left. It asks the same rules with the same numbers, so it can be asked
/// at any time, and of few strategies or all.
/// </summary>
internal sealed class ReasonTeller(SelectionRules rules, MetricRows rows, ExposureShares? shares, TradingCalendar calendar, DateTimeOffset now)
{
    private readonly PolicyDocument _policy = rules.Policy;
    private readonly string _lag = rules.Policy.DataCurrency?.MaxLag is { } lag ? $"data_currency.max_lag: {Durations.Format(lag)}" : "";
    private readonly string _history = rules.Policy.DataCurrency?.MinHistory is { } history ? $"data_currency.min_history: {Durations.Format(history)}" : "";
    private readonly string _ranking = rules.Policy.Ranking?.ToString() ?? "";
    private readonly string _correlation = string.Create(CultureInfo.InvariantCulture, $"|correlation| <= {rules.Policy.MaxCorrelation:R}");
    private readonly string _exposure = shares is null ? "" : string.Join(", ", shares.Limits.Select(limit => limit.Text));
    private readonly string _topK = rules.Policy.TopK is { } topK ? TopKStage.Text(topK) : "";

    // Strategies of one world mostly share the end of their data.
    private (DateTimeOffset End, TimeSpan Lag) _lastLag = (now, TimeSpan.Zero);

    public IReadOnlyList<ReasonNode> Tell(CandidateTrace trace)
    {
        var row = rows.Of(trace.Index);
        var reasons = new List<ReasonNode>(8 + rules.Limits.Length);
        if (Currency(trace.Candidate) is { } currency) reasons.Add(currency);
        if (History(trace.Candidate) is { } history) reasons.Add(history);
        foreach (var (limit, code) in rules.Limits) reasons.Add(Compare(limit, row, "threshold", code));
        if (_policy.Gates is { } gates) reasons.Add(Gate(gates, row));
        if (trace.Rated) reasons.Add(Score(trace, row));
        if (trace.Rank > 0) Constraints(trace, row, reasons);
        reasons.AddRange(trace.Waiting);
        return reasons;
    }

    /// <summary>How old the candidate's data is; null when the policy does not ask.</summary>
    public ReasonNode? Currency(Candidate candidate)
    {
        if (_policy.DataCurrency?.MaxLag is not { } maxLag) return null;
        if (candidate.DataEnd is not { } end)
        {
            return new ReasonNode("data_currency", _lag, RuleOutcome.Fail, SelectionCodes.DataEndUnknown, "data_lag_seconds", threshold: maxLag.TotalSeconds);
        }

        // Old data does not reject the strategy: the world as a whole stays compute-only until the data has caught up.
        var lag = Lag(end);
        var late = lag > maxLag;
        return new ReasonNode("data_currency", _lag, late ? RuleOutcome.Fail : RuleOutcome.Pass, late ? SelectionCodes.DataCurrencyLag : null,
            "data_lag_seconds", lag.TotalSeconds, maxLag.TotalSeconds, (maxLag - lag).TotalSeconds);
    }

    private TimeSpan Lag(DateTimeOffset end)
    {
        var last = _lastLag;
        if (last.End == end) return last.Lag;
        var lag = calendar.OpenBetween(end, now);
        _lastLag = (end, lag);
        return lag;
    }

    private ReasonNode? History(Candidate candidate)
    {
        if (_policy.DataCurrency?.MinHistory is not { } minimum) return null;
        var days = candidate.History?.TotalDays ?? double.NaN;
        var enough = days >= minimum.TotalDays;
        return new ReasonNode("min_history", _history, enough ? RuleOutcome.Pass : RuleOutcome.Warn, enough ? null : SelectionCodes.MinHistoryPending,
            "history_days", days, minimum.TotalDays, days - minimum.TotalDays);
    }

    private ReasonNode Gate(Gate gate, ReadOnlySpan<double> row)
    {
        if (gate is Gate.Comparison comparison) return Compare(comparison, row, "gate", SelectionCodes.ComparisonFailed);
        var outcome = gate.Holds(row) switch { true => RuleOutcome.Pass, false => RuleOutcome.Fail, null => rules.OnMissing };
        var code = outcome == RuleOutcome.Pass ? null : SelectionCodes.GateFailed;
        if (gate is Gate.Not not)
        {
            return new ReasonNode("gate", gate.Text, outcome, code) { Group = ReasonGroup.Not, Needed = not.Opposite, Children = [Gate(not.Part, row)] };
        }

        var parts = gate is Gate.And and ? and.Parts : ((Gate.Or)gate).Parts;
        var children = new ReasonNode[parts.Count];
        for (var i = 0; i < children.Length; i++) children[i] = Gate(parts[i], row);
        return new ReasonNode("gate", gate.Text, outcome, code) { Group = gate is Gate.And ? ReasonGroup.All : ReasonGroup.Any, Children = children };
    }

    private ReasonNode Compare(Gate.Comparison comparison, ReadOnlySpan<double> row, string rule, string code)
    {
        var value = row[comparison.Slot];
        if (double.IsNaN(value))
        {
            return new ReasonNode(rule, comparison.Text, rules.OnMissing, SelectionCodes.MetricMissing, comparison.Metric, threshold: comparison.Threshold);
        }

        var passed = comparison.Operator.Holds(value, comparison.Threshold);
        return new ReasonNode(rule, comparison.Text, passed ? RuleOutcome.Pass : RuleOutcome.Fail, passed ? null : code,
            comparison.Metric, value, comparison.Threshold, comparison.Operator.Distance(value, comparison.Threshold));
    }

    private ReasonNode Score(CandidateTrace trace, ReadOnlySpan<double> row) => double.IsNaN(trace.Score)
        ? new ReasonNode("score", _ranking, EligibilityStage.Undefined(rules, _policy.Ranking!, row), SelectionCodes.ScoreUndefined)
        : new ReasonNode("score", _ranking, RuleOutcome.Pass, value: trace.Score);

    /// <summary>The stages that compare candidates, as far as this one came.</summary>
    private void Constraints(CandidateTrace trace, ReadOnlySpan<double> row, List<ReasonNode> reasons)
    {
        if (_policy.MaxCorrelation is { } max) reasons.Add(Correlation(trace, max));
        if (trace.Blocker is not null) return;
        if (shares is not null) reasons.Add(Exposure(trace, shares));
        if (trace.Exposure is not null) return;
        if (_policy.TopK is not null) reasons.Add(TopK(trace));
        if (trace.Slot is null && _policy.Levels is { } levels) reasons.Add(Levels(levels, trace, row[levels.Slot]));
    }

    private ReasonNode Correlation(CandidateTrace trace, double max)
    {
        if (trace.Blocker is not { } blocker) return new ReasonNode("correlation", _correlation, RuleOutcome.Pass, threshold: max);
        var other = blocker.Candidate.StrategyId;
        return new ReasonNode("correlation", $"{_correlation} with {other}", RuleOutcome.Fail, SelectionCodes.CorrelationExceeded,
            "correlation", trace.Correlation, max, max - Math.Abs(trace.Correlation))
        {
            Needed = double.IsNaN(blocker.Score) || blocker.Rank == 0
                ? $"{_correlation} with {other}, which keeps its place"
                : string.Create(CultureInfo.InvariantCulture, $"{_correlation} with {other}, or a score above {blocker.Score:G6}, that of {other}"),
        };
    }

    private ReasonNode Exposure(CandidateTrace trace, ExposureShares known) => trace.Exposure is var (limit, sum)
        ? new ReasonNode("exposure", limit.Text, RuleOutcome.Fail, limit.Code, limit.Scope, sum, limit.Max, limit.Max - sum)
        : new ReasonNode("exposure", _exposure, RuleOutcome.Pass, metric: "share", value: known.ShareOf(trace.Candidate));

    private ReasonNode TopK(CandidateTrace trace) => trace.Slot is { } slot
        ? new ReasonNode("top_k", slot.Text, RuleOutcome.Fail, slot.Code, "rank", trace.Rank, slot.Max) { Needed = slot.Needed }
        : new ReasonNode("top_k", _topK, RuleOutcome.Pass, metric: "rank", value: trace.Rank);

    private ReasonNode Levels(LevelHysteresis levels, CandidateTrace trace, double value)
    {
        var level = LevelStage.Level(levels, trace);
        var text = string.Create(CultureInfo.InvariantCulture, $"{levels.Metric} >= {level:R} to {(trace.Prior.Active ? "stay" : "enter")}");
        if (double.IsNaN(value)) return new ReasonNode("hysteresis", text, rules.OnMissing, SelectionCodes.MetricMissing, levels.Metric, threshold: level);
        var passed = value >= level;
        return new ReasonNode("hysteresis", text, passed ? RuleOutcome.Pass : RuleOutcome.Fail, passed ? null : LevelStage.CodeOf(trace), levels.Metric, value, level, value - level);
    }
}
