using System.Globalization;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Policies.Documents;

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
    private readonly GateRule[] _gates =
        [.. rules.Limits.Select(limit => GateRule.Of(limit.Limit, limit.Code)), .. rules.Policy.Gates is { } gates ? [GateRule.Of(gates)] : Array.Empty<GateRule>()];

    private readonly ReasonRule _lag = new(
        "data_currency", $"data_currency.max_lag: {Durations.Format(rules.Policy.DataCurrency?.MaxLag ?? default)}", "data_lag_seconds", rules.Policy.DataCurrency?.MaxLag?.TotalSeconds ?? double.NaN);

    private readonly ReasonRule _history = new(
        "min_history", $"data_currency.min_history: {Durations.Format(rules.Policy.DataCurrency?.MinHistory ?? default)}", "history_days", rules.Policy.DataCurrency?.MinHistory?.TotalDays ?? double.NaN);

    private readonly ReasonRule _score = new("score", rules.Policy.Ranking?.ToString() ?? "");

    // Who correlates with nobody says so in the same words as everybody else.
    private readonly ReasonNode _uncorrelated = new(
        new ReasonRule("correlation", string.Create(CultureInfo.InvariantCulture, $"|correlation| <= {rules.Policy.MaxCorrelation:R}"), null, rules.Policy.MaxCorrelation ?? double.NaN), RuleOutcome.Pass);

    private readonly ReasonRule _share = new("exposure", shares is null ? "" : string.Join(", ", shares.Limits.Select(limit => limit.Text)), "share");
    private readonly ReasonRule _topK = new("top_k", rules.Policy.TopK is { } topK ? TopKStage.Text(topK) : "", "rank");

    // Strategies of one world mostly share the end of their data, and calendars count days. One reference: it is read and replaced whole.
    private LagAt _lastLag = new(now, TimeSpan.Zero);

    public IReadOnlyList<ReasonNode> Tell(CandidateTrace trace)
    {
        var row = rows.Of(trace.Index);
        var reasons = new ReasonNode[_gates.Length + 7 + trace.Waiting.Count];
        var count = 0;
        if (Currency(trace.Candidate) is { } currency) reasons[count++] = currency;
        if (History(trace.Candidate) is { } history) reasons[count++] = history;
        foreach (var gate in _gates) reasons[count++] = gate.Tell(row, rules.OnMissing);
        if (trace.Rated) reasons[count++] = Score(trace, row);
        if (trace.Rank > 0) Constraints(trace, row, reasons, ref count);
        foreach (var waiting in trace.Waiting) reasons[count++] = waiting;
        return new ArraySegment<ReasonNode>(reasons, 0, count);
    }

    /// <summary>How old the candidate's data is; null when the policy does not ask.</summary>
    public ReasonNode? Currency(Candidate candidate)
    {
        if (_policy.DataCurrency?.MaxLag is not { } maxLag) return null;
        if (candidate.DataEnd is not { } end) return new ReasonNode(_lag, RuleOutcome.Fail, SelectionCodes.DataEndUnknown);

        // Old data does not reject the strategy: the world as a whole stays compute-only until the data has caught up.
        var lag = Lag(end);
        var late = lag > maxLag;
        return new ReasonNode(_lag, late ? RuleOutcome.Fail : RuleOutcome.Pass, late ? SelectionCodes.DataCurrencyLag : null, lag.TotalSeconds, (maxLag - lag).TotalSeconds);
    }

    private TimeSpan Lag(DateTimeOffset end)
    {
        if (calendar == TradingCalendar.Continuous) return calendar.OpenBetween(end, now);
        var last = _lastLag;
        if (last.End != end) _lastLag = last = new LagAt(end, calendar.OpenBetween(end, now));
        return last.Lag;
    }

    private ReasonNode? History(Candidate candidate)
    {
        if (_policy.DataCurrency?.MinHistory is not { } minimum) return null;
        var days = candidate.History?.TotalDays ?? double.NaN;
        var enough = days >= minimum.TotalDays;
        return new ReasonNode(_history, enough ? RuleOutcome.Pass : RuleOutcome.Warn, enough ? null : SelectionCodes.MinHistoryPending, days, days - minimum.TotalDays);
    }

    private ReasonNode Score(CandidateTrace trace, ReadOnlySpan<double> row) => double.IsNaN(trace.Score)
        ? new ReasonNode(_score, EligibilityStage.Undefined(rules, _policy.Ranking!, row), SelectionCodes.ScoreUndefined)
        : new ReasonNode(_score, RuleOutcome.Pass, null, trace.Score);

    /// <summary>The stages that compare candidates, as far as this one came.</summary>
    private void Constraints(CandidateTrace trace, ReadOnlySpan<double> row, ReasonNode[] reasons, ref int count)
    {
        if (_policy.MaxCorrelation is { } max) reasons[count++] = trace.Blocker is { } blocker ? Correlated(trace, blocker, max) : _uncorrelated;
        if (trace.Blocker is not null) return;
        if (shares is not null) reasons[count++] = Exposure(trace, shares);
        if (trace.Exposure is not null) return;
        if (_policy.TopK is not null) reasons[count++] = TopK(trace);
        if (trace.Slot is null && _policy.Levels is { } levels) reasons[count++] = Levels(levels, trace, row[levels.Slot]);
    }

    private ReasonNode Correlated(CandidateTrace trace, CandidateTrace blocker, double max)
    {
        var other = blocker.Candidate.StrategyId;
        var limit = _uncorrelated.Text;
        return new ReasonNode("correlation", $"{limit} with {other}", RuleOutcome.Fail, SelectionCodes.CorrelationExceeded,
            "correlation", trace.Correlation, max, max - Math.Abs(trace.Correlation))
        {
            Needed = double.IsNaN(blocker.Score) || blocker.Rank == 0
                ? $"{limit} with {other}, which keeps its place"
                : string.Create(CultureInfo.InvariantCulture, $"{limit} with {other}, or a score above {blocker.Score:G6}, that of {other}"),
        };
    }

    private ReasonNode Exposure(CandidateTrace trace, ExposureShares known) => trace.Exposure is var (limit, sum)
        ? new ReasonNode("exposure", limit.Text, RuleOutcome.Fail, limit.Code, limit.Scope, sum, limit.Max, limit.Max - sum)
        : new ReasonNode(_share, RuleOutcome.Pass, null, known.ShareOf(trace.Candidate));

    private ReasonNode TopK(CandidateTrace trace) => trace.Slot is { } slot
        ? new ReasonNode(slot.Rule, RuleOutcome.Fail, slot.Code, trace.Rank) { Needed = slot.Needed }
        : new ReasonNode(_topK, RuleOutcome.Pass, null, trace.Rank);

    private ReasonNode Levels(LevelHysteresis levels, CandidateTrace trace, double value)
    {
        var level = LevelStage.Level(levels, trace);
        var text = string.Create(CultureInfo.InvariantCulture, $"{levels.Metric} >= {level:R} to {(trace.Prior.Active ? "stay" : "enter")}");
        if (double.IsNaN(value)) return new ReasonNode("hysteresis", text, rules.OnMissing, SelectionCodes.MetricMissing, levels.Metric, threshold: level);
        var passed = value >= level;
        return new ReasonNode("hysteresis", text, passed ? RuleOutcome.Pass : RuleOutcome.Fail, passed ? null : LevelStage.CodeOf(trace), levels.Metric, value, level, value - level);
    }

    private sealed record LagAt(DateTimeOffset End, TimeSpan Lag);
}
