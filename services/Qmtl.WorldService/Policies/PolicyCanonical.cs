using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies;

/// <summary>
/// Writes the one spelling of a policy: keys in order, expressions normalised, comments and layout gone. Two documents of the
/// same meaning give the same text, and the text reads back as the same policy.
/// </summary>
internal static class PolicyCanonical
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(PolicyDocument policy)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            WriteCampaign(writer, policy.Campaign);
            if (policy.MaxCorrelation is { } correlation) Object(writer, "correlation", () => writer.WriteNumber("max", correlation));
            Texts(writer, "custom_metrics", [.. policy.CustomMetrics.Order(StringComparer.Ordinal)]);
            WriteCurrency(writer, policy.DataCurrency);
            Text(writer, "description", policy.Description);
            WriteGovernance(writer, policy.Governance);
            WriteHysteresis(writer, policy);
            WritePositions(writer, policy.Positions);
            WriteSelection(writer, policy);
            WriteThresholds(writer, policy.Thresholds);
            WriteTopK(writer, policy);
            WriteValidation(writer, policy.Validation);
            Integer(writer, "version", policy.Version);
            Text(writer, "world", policy.World);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    // A metric with a plain count is top_k; everything else that ranks is a score with topk beside it.
    private static bool IsTopK(PolicyDocument policy) => policy is { Ranking: Expression.Metric, TopK: { Total: not null, Long: null, Short: null } };

    private static void WriteTopK(Utf8JsonWriter writer, PolicyDocument policy)
    {
        if (!IsTopK(policy)) return;
        Object(writer, "top_k", () =>
        {
            writer.WriteNumber("k", policy.TopK!.Total!.Value);
            writer.WriteString("metric", ((Expression.Metric)policy.Ranking!).Name);
        });
    }

    private static void WriteSelection(Utf8JsonWriter writer, PolicyDocument policy)
    {
        var scored = policy.Ranking is not null && !IsTopK(policy);
        if (policy.Gates is null && !scored) return;
        Object(writer, "selection", () =>
        {
            if (policy.Gates is { } gates)
            {
                writer.WritePropertyName("gates");
                WriteGate(writer, gates);
            }

            if (!scored) return;
            writer.WriteString("score", policy.Ranking!.ToString());
            if (policy.TopK is not { } topK) return;
            Object(writer, "topk", () =>
            {
                if (topK.Long is not null || topK.Short is not null)
                {
                    Object(writer, "by_side", () =>
                    {
                        Integer(writer, "long", topK.Long);
                        Integer(writer, "short", topK.Short);
                    });
                }

                Integer(writer, "total", topK.Total);
            });
        });
    }

    private static void WriteGate(Utf8JsonWriter writer, Gate gate)
    {
        if (gate is Gate.Comparison)
        {
            writer.WriteStringValue(gate.Text);
            return;
        }

        writer.WriteStartObject();
        if (gate is Gate.Not not)
        {
            writer.WritePropertyName("not");
            WriteGate(writer, not.Part);
        }
        else
        {
            var (key, parts) = gate is Gate.And and ? ("and", and.Parts) : ("or", ((Gate.Or)gate).Parts);
            writer.WriteStartArray(key);
            foreach (var part in parts) WriteGate(writer, part);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteThresholds(Utf8JsonWriter writer, IReadOnlyList<Threshold> thresholds)
    {
        if (thresholds.Count == 0) return;
        Object(writer, "thresholds", () =>
        {
            foreach (var threshold in thresholds)
            {
                Object(writer, threshold.Name, () =>
                {
                    Number(writer, "max", threshold.Max);
                    writer.WriteString("metric", threshold.Metric);
                    Number(writer, "min", threshold.Min);
                });
            }
        });
    }

    private static void WriteHysteresis(Utf8JsonWriter writer, PolicyDocument policy)
    {
        if (policy.Levels is null && policy.Streaks is null) return;
        Object(writer, "hysteresis", () =>
        {
            if (policy.Streaks is { } streaks) writer.WriteNumber("demote_after", streaks.DemoteAfter);
            if (policy.Levels is { } levels)
            {
                writer.WriteNumber("enter", levels.Enter);
                writer.WriteNumber("exit", levels.Exit);
                writer.WriteString("metric", levels.Metric);
            }

            if (policy.Streaks is null) return;
            writer.WriteString("min_dwell", Durations.Format(policy.Streaks.MinDwell));
            writer.WriteNumber("promote_after", policy.Streaks.PromoteAfter);
        });
    }

    private static void WriteCurrency(Utf8JsonWriter writer, DataCurrencyPolicy? currency)
    {
        if (currency is null) return;
        Object(writer, "data_currency", () =>
        {
            Text(writer, "bar_alignment", currency.BarAlignment);
            Duration(writer, "max_lag", currency.MaxLag);
            Duration(writer, "min_history", currency.MinHistory);
        });
    }

    private static void WriteValidation(Utf8JsonWriter writer, ValidationPolicy validation) => Object(writer, "validation", () =>
    {
        writer.WriteString("on_error", validation.Fail ? "fail" : "warn");
        writer.WriteString("on_missing_metric", validation.OnMissing.ToString().ToLowerInvariant());
    });

    private static void WritePositions(Utf8JsonWriter writer, PositionPolicy? positions)
    {
        if (positions is null) return;
        Object(writer, "position_policy", () =>
        {
            Text(writer, "on_demote", positions.OnDemote);
            Text(writer, "on_promote", positions.OnPromote);
        });
    }

    private static void WriteGovernance(Utf8JsonWriter writer, GovernancePolicy? governance)
    {
        if (governance is null) return;
        Object(writer, "governance", () => Object(writer, "live_promotion", () =>
        {
            Texts(writer, "approvers", governance.Approvers);
            Number(writer, "canary_fraction", governance.CanaryFraction);
            Duration(writer, "cooldown", governance.Cooldown);
            Integer(writer, "max_live_slots", governance.MaxLiveSlots);
            writer.WriteString("mode", governance.Mode);
        }));
    }

    private static void WriteCampaign(Utf8JsonWriter writer, CampaignPolicy? campaign)
    {
        if (campaign is null) return;
        Object(writer, "campaign", () =>
        {
            if (campaign.BacktestWindow is { } backtest) Object(writer, "backtest", () => Duration(writer, "window", backtest));
            if (campaign.MinSampleDays is not null || campaign.MinTradesTotal is not null)
            {
                Object(writer, "common", () =>
                {
                    Integer(writer, "min_sample_days", campaign.MinSampleDays);
                    Integer(writer, "min_trades_total", campaign.MinTradesTotal);
                });
            }

            if (campaign.PaperWindow is { } paper) Object(writer, "paper", () => Duration(writer, "window", paper));
        });
    }

    private static void Object(Utf8JsonWriter writer, string name, Action body)
    {
        writer.WriteStartObject(name);
        body();
        writer.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null) writer.WriteString(name, value);
    }

    private static void Texts(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        writer.WriteStartArray(name);
        foreach (var value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
    }

    private static void Integer(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
    }

    private static void Duration(Utf8JsonWriter writer, string name, TimeSpan? value)
    {
        if (value is { } duration) writer.WriteString(name, Durations.Format(duration));
    }
}
