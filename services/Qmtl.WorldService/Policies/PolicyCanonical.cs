using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Layers;

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
            LayerCanonical.WriteBenchmark(writer, policy.Benchmark);
            WriteCampaign(writer, policy.Campaign);
            LayerCanonical.WriteCohort(writer, policy.Cohort);
            if (policy.MaxCorrelation is { } correlation) writer.Object("correlation", () => writer.WriteNumber("max", correlation));
            writer.Texts("custom_metrics", [.. policy.CustomMetrics.Order(StringComparer.Ordinal)]);
            WriteCurrency(writer, policy.DataCurrency);
            writer.TextMap("default_profile_by_stage", policy.DefaultProfileByStage);
            writer.Text("description", policy.Description);
            WriteGovernance(writer, policy.Governance);
            WriteHysteresis(writer, policy);
            LayerCanonical.WriteLiveMonitoring(writer, policy.LiveMonitoring);
            LayerCanonical.WritePaperShadow(writer, policy.PaperShadow);
            LayerCanonical.WritePortfolio(writer, policy.Portfolio);
            WritePositions(writer, policy.Positions);
            WriteSelection(writer, policy);
            LayerCanonical.WriteStress(writer, policy.Stress);
            WriteThresholds(writer, policy.Thresholds);
            WriteTopK(writer, policy);
            WriteValidation(writer, policy.Validation);
            LayerCanonical.WriteProfiles(writer, policy.ValidationProfiles);
            writer.Integer("version", policy.Version);
            writer.Text("world", policy.World);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    // A metric with a plain count is top_k; everything else that ranks is a score with topk beside it.
    private static bool IsTopK(PolicyDocument policy) => policy is { Ranking: Expression.Metric, TopK: { Total: not null, Long: null, Short: null } };

    private static void WriteTopK(Utf8JsonWriter writer, PolicyDocument policy)
    {
        if (!IsTopK(policy)) return;
        writer.Object("top_k", () =>
        {
            writer.WriteNumber("k", policy.TopK!.Total!.Value);
            writer.WriteString("metric", ((Expression.Metric)policy.Ranking!).Name);
        });
    }

    private static void WriteSelection(Utf8JsonWriter writer, PolicyDocument policy)
    {
        var scored = policy.Ranking is not null && !IsTopK(policy);
        if (policy.Gates is null && policy.Exposure is null && !scored) return;
        writer.Object("selection", () =>
        {
            WriteExposure(writer, policy.Exposure);
            if (policy.Gates is { } gates)
            {
                writer.WritePropertyName("gates");
                WriteGate(writer, gates);
            }

            if (!scored) return;
            writer.WriteString("score", policy.Ranking!.ToString());
            if (policy.TopK is not { } topK) return;
            writer.Object("topk", () =>
            {
                if (topK.Long is not null || topK.Short is not null)
                {
                    writer.Object("by_side", () =>
                    {
                        writer.Integer("long", topK.Long);
                        writer.Integer("short", topK.Short);
                    });
                }

                writer.Integer("total", topK.Total);
            });
        });
    }

    private static void WriteExposure(Utf8JsonWriter writer, ExposurePolicy? exposure)
    {
        if (exposure is null) return;
        writer.Object("constraints", () => writer.Object("exposure", () =>
        {
            if (exposure.Long is not null || exposure.Short is not null)
            {
                writer.Object("gross_budget", () =>
                {
                    writer.Number("long", exposure.Long);
                    writer.Number("short", exposure.Short);
                });
            }

            writer.Number("max_leverage", exposure.MaxLeverage);
            if (exposure.SectorCap is { } cap) writer.Object("sector_cap", () => writer.WriteNumber("per_sector", cap));
            writer.TextMap("sectors", exposure.Sectors);
        }));
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
        writer.Object("thresholds", () =>
        {
            foreach (var threshold in thresholds)
            {
                writer.Object(threshold.Name, () =>
                {
                    writer.Number("max", threshold.Max);
                    writer.WriteString("metric", threshold.Metric);
                    writer.Number("min", threshold.Min);
                });
            }
        });
    }

    private static void WriteHysteresis(Utf8JsonWriter writer, PolicyDocument policy)
    {
        if (policy.Levels is null && policy.Streaks is null) return;
        writer.Object("hysteresis", () =>
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
        writer.Object("data_currency", () =>
        {
            writer.Text("bar_alignment", currency.BarAlignment);
            writer.Duration("max_lag", currency.MaxLag);
            writer.Duration("min_history", currency.MinHistory);
        });
    }

    private static void WriteValidation(Utf8JsonWriter writer, ValidationPolicy validation) => writer.Object("validation", () =>
    {
        writer.WriteString("on_error", validation.Fail ? "fail" : "warn");
        writer.WriteString("on_missing_metric", validation.OnMissing.ToString().ToLowerInvariant());
    });

    private static void WritePositions(Utf8JsonWriter writer, PositionPolicy? positions)
    {
        if (positions is null) return;
        writer.Object("position_policy", () =>
        {
            writer.Text("on_demote", positions.OnDemote);
            writer.Text("on_promote", positions.OnPromote);
        });
    }

    private static void WriteGovernance(Utf8JsonWriter writer, GovernancePolicy? governance)
    {
        if (governance is null) return;
        writer.Object("governance", () => writer.Object("live_promotion", () =>
        {
            writer.Texts("approvers", governance.Approvers);
            writer.Number("canary_fraction", governance.CanaryFraction);
            writer.Duration("cooldown", governance.Cooldown);
            writer.Integer("max_live_slots", governance.MaxLiveSlots);
            writer.WriteString("mode", governance.Mode);
        }));
    }

    private static void WriteCampaign(Utf8JsonWriter writer, CampaignPolicy? campaign)
    {
        if (campaign is null) return;
        writer.Object("campaign", () =>
        {
            if (campaign.BacktestWindow is { } backtest) writer.Object("backtest", () => writer.Duration("window", backtest));
            if (campaign.MinSampleDays is not null || campaign.MinTradesTotal is not null)
            {
                writer.Object("common", () =>
                {
                    writer.Integer("min_sample_days", campaign.MinSampleDays);
                    writer.Integer("min_trades_total", campaign.MinTradesTotal);
                });
            }

            if (campaign.PaperWindow is { } paper) writer.Object("paper", () => writer.Duration("window", paper));
        });
    }
}
