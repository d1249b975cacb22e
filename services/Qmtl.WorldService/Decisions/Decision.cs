using System.Globalization;
using System.Text;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Decisions;

/// <summary>Everything a decision depends on but the time.</summary>
/// <param name="Active">The active strategies, in order.</param>
/// <param name="Stages">How far strategies have come; one that is missing is at backtest.</param>
/// <param name="Facts">The newest report about the world's data; null when there was none.</param>
/// <param name="MaxLag">How old the policy lets that data be; null when it does not care.</param>
/// <param name="DataEnd">The end of the data of the active strategy that is furthest behind; null when unknown.</param>
/// <param name="LiveFingerprint">The data on which the world was live before this; null when it was not.</param>
/// <param name="ChangedAt">When any of this last changed.</param>
internal sealed record DecisionInputs(
    string WorldId,
    bool Suspended,
    bool AllowLive,
    bool CircuitBreaker,
    bool Shadow,
    int PolicyVersion,
    int Bindings,
    IReadOnlyList<string> Active,
    IReadOnlyDictionary<string, string> Stages,
    DataFacts? Facts,
    TimeSpan? MaxLag,
    DateTimeOffset? DataEnd,
    string? LiveFingerprint,
    DateTimeOffset ChangedAt)
{
    /// <summary>The hours in which data grows old.</summary>
    public TradingCalendar Calendar { get; init; } = TradingCalendar.Continuous;

    public string StageOf(string strategyId) => Stages.GetValueOrDefault(strategyId, StageNames.Backtest);
}

/// <summary>What was reported about the data a world was judged on.</summary>
internal sealed record DataFacts(HistoryReport Report, DateTimeOffset UpdatedAt)
{
    public string? Fingerprint => string.IsNullOrEmpty(Report.DatasetFingerprint) ? null : Report.DatasetFingerprint;

    public bool HasMetrics => Report.CoverageBounds.Count == 2 || Report.ConformanceFlags.Count > 0 || Report.Rows is not null;
}

/// <summary>
/// What a world permits at most now. Anything that is missing, stale or contradictory keeps it from trading. A strategy runs in the lower of this
/// and what its activation entry says, which never exceeds the strategy's own stage.
/// </summary>
internal sealed record Decision(EffectiveMode Mode, string Reason, TimeSpan Ttl, DateTimeOffset AsOf, string Etag)
{
    public static readonly TimeSpan StandardTtl = TimeSpan.FromSeconds(300);
    public static readonly TimeSpan HoldTtl = TimeSpan.FromSeconds(120);

    /// <summary>Decides. Equal inputs give the same etag at any time, unless data grows too old in between.</summary>
    public static Decision Decide(DecisionInputs inputs, DateTimeOffset? asOf, DateTimeOffset now)
    {
        var (mode, reason, ttl) = Judge(inputs, now);
        var pinned = asOf ?? inputs.Facts?.Report.AsOf?.ToDateTimeOffset() ?? inputs.ChangedAt;
        return new Decision(mode, reason, ttl, pinned, EtagOf(inputs, mode, reason, pinned));
    }

    private static (EffectiveMode Mode, string Reason, TimeSpan Ttl) Judge(DecisionInputs inputs, DateTimeOffset now)
    {
        if (WhyNothingRuns(inputs) is { } nothing) return (EffectiveMode.Validate, nothing, StandardTtl);

        var lag = Lag(inputs, now, out var ttl);
        string?[] missing =
        [
            lag,
            inputs.Facts?.Fingerprint is null ? "dataset_fingerprint_missing" : null,
            inputs.Facts?.HasMetrics == true ? null : "required_metrics_missing",
        ];
        if (missing.All(reason => reason is null)) return (Granted(inputs, out var why), Reasons([why]), ttl);

        return lag is null && HoldsLive(inputs)
            ? (EffectiveMode.Live, Reasons(["hysteresis_hold"]), ttl < HoldTtl ? ttl : HoldTtl)
            : (EffectiveMode.ComputeOnly, Reasons([inputs.AllowLive ? null : "allow_live_disabled", .. missing]), StandardTtl);
    }

    private static string? WhyNothingRuns(DecisionInputs inputs) =>
        inputs.CircuitBreaker ? "circuit_breaker"
        : inputs.Suspended ? "world_suspended"
        : inputs.Bindings == 0 ? "no_bindings"
        : inputs.Active.Count == 0 ? "no_active_strategies"
        : null;

    // Late metrics about data on which the world is live already do not throw it out; other data, or none, does.
    private static bool HoldsLive(DecisionInputs inputs) =>
        inputs.AllowLive && !inputs.Shadow && inputs.Facts?.Fingerprint is { } fingerprint && string.Equals(fingerprint, inputs.LiveFingerprint, StringComparison.Ordinal);

    // With everything in place a world that may go live permits it, unless all it has is under observation on paper.
    private static EffectiveMode Granted(DecisionInputs inputs, out string? reason)
    {
        if (inputs.Shadow)
        {
            reason = "shadow_requested";
            return EffectiveMode.Shadow;
        }

        var promoted = inputs.AllowLive && inputs.Active.Any(strategy => inputs.StageOf(strategy) is StageNames.Live);
        if (!promoted && inputs.Active.Any(strategy => inputs.StageOf(strategy) is not StageNames.Backtest))
        {
            reason = "paper_observed";
            return EffectiveMode.Paper;
        }

        reason = inputs.AllowLive ? null : "allow_live_disabled";
        return inputs.AllowLive ? EffectiveMode.Live : EffectiveMode.ComputeOnly;
    }

    private static string? Lag(DecisionInputs inputs, DateTimeOffset now, out TimeSpan ttl)
    {
        ttl = StandardTtl;
        if (inputs.MaxLag is not { } maxLag) return null;
        if (inputs.DataEnd is not { } end) return "data_end_unknown";
        var left = maxLag - inputs.Calendar.OpenBetween(end, now);
        if (left < TimeSpan.Zero) return "data_currency_lag";

        // The decision must not outlive the data it rests on.
        if (left < ttl) ttl = TimeSpan.FromSeconds(Math.Max(1, Math.Floor(left.TotalSeconds)));
        return null;
    }

    private static string Reasons(IEnumerable<string?> more) =>
        string.Join(" & ", more.OfType<string>().Prepend("decisions_present").Prepend("bindings_present"));

    private static string EtagOf(DecisionInputs inputs, EffectiveMode mode, string reason, DateTimeOffset asOf)
    {
        var text = new StringBuilder()
            .Append(inputs.WorldId).Append('\n').Append(mode.ToToken()).Append('\n').Append(reason).Append('\n')
            .Append(asOf.UtcTicks.ToString(CultureInfo.InvariantCulture)).Append('\n')
            .AppendJoin('\u001f', inputs.Active).Append('\n')
            .Append(inputs.Facts is { } facts ? Json.Write(facts.Report) : "");
        var hash = Blake3.HashHex(Encoding.UTF8.GetBytes(text.ToString()))[..16];
        return string.Create(CultureInfo.InvariantCulture, $"w:{inputs.WorldId}:v{inputs.PolicyVersion}:{mode.ToToken()}:{hash}");
    }
}
