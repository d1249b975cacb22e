using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Fills;

/// <summary>A fill as it is kept.</summary>
/// <param name="Fill">The fill, complete and in one spelling.</param>
/// <param name="Key">What tells it from other fills of its order: its sequence, or else its etag.</param>
/// <param name="ContentHash">SHA-256 of it; equal for copies.</param>
internal sealed record ReadFill(ExecutionFill Fill, string Key, string ContentHash);

/// <summary>Reads a fill from the CloudEvent that brings it. Pure.</summary>
internal static class FillReader
{
    private const int MaxText = 128;
    private static readonly string[] Required = ["specversion", "id", "type", "source", "data"];
    private static readonly string[] Sides = ["BUY", "SELL"];
    private static readonly string[] TimesInForce = ["", "DAY", "GTC", "IOC", "FOK"];
    private static readonly string[] Executed = ["filled", "partially_filled"];
    private static readonly string[] Statuses = ["accepted", "rejected", "canceled", "expired", .. Executed];

    /// <summary>Reads it.</summary>
    /// <param name="body">The CloudEvent as it arrived.</param>
    /// <param name="worldId">The world that the sender may report of.</param>
    /// <param name="strategyId">The strategy that the sender may report of; empty for all of the world.</param>
    /// <exception cref="RefusalException"><c>E_INVALID_JSON</c>, <c>E_CE_REQUIRED</c>, <c>E_SCHEMA_INVALID</c>, <c>E_MISSING_IDS</c> or <c>E_PERMISSION_DENIED</c>.</exception>
    public static ReadFill Read(ReadOnlyMemory<byte> body, string worldId, string strategyId)
    {
        var fill = Data(body);
        Assign(fill, worldId, strategyId);
        Normalise(fill);
        if (Errors(fill).ToArray() is { Length: > 0 } errors) throw new RefusalException(ReasonCodes.SchemaInvalid, "The fill has fields that are missing or out of range.", errors);
        var key = fill.Seq > 0 ? fill.Seq.ToString(CultureInfo.InvariantCulture) : "etag:" + fill.Etag;
        return new ReadFill(fill, key, Convert.ToHexStringLower(SHA256.HashData(fill.ToByteArray())));
    }

    private static ExecutionFill Data(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new RefusalException(ReasonCodes.CloudEventRequired, "The body must be a CloudEvent 1.0 in JSON.");
            var missing = Required.Where(name => !root.TryGetProperty(name, out var value) || !IsPresent(name, value)).ToArray();
            if (missing.Length > 0)
            {
                throw new RefusalException(
                    ReasonCodes.CloudEventRequired,
                    $"The body must be a CloudEvent 1.0; {string.Join(", ", missing)} is missing or not what it should be.",
                    [.. missing.Select(name => new FieldError("/" + name, name == "specversion" ? "must be \"1.0\"" : name == "data" ? "must be the fill" : "must be a text that is not empty"))]);
            }

            return ProtoJson.Read<ExecutionFill>(System.Text.Encoding.UTF8.GetBytes(root.GetProperty("data").GetRawText()));
        }
        catch (ProtoJsonException problem)
        {
            throw new RefusalException(ReasonCodes.SchemaInvalid, "The data of the event are no fill.", [.. problem.Errors.Select(error => new FieldError("/data" + error.Pointer, error.Message))], metadata: null, problem);
        }
        catch (JsonException problem)
        {
            throw new RefusalException(ReasonCodes.InvalidJson, "The body is not JSON.", errors: null, metadata: null, problem);
        }
    }

    private static bool IsPresent(string name, JsonElement value) => name switch
    {
        "data" => value.ValueKind == JsonValueKind.Object,
        "specversion" => value.ValueKind == JsonValueKind.String && value.ValueEquals("1.0"),
        _ => value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0,
    };

    /// <summary>What the fill says of itself must be what its sender may say.</summary>
    private static void Assign(ExecutionFill fill, string worldId, string strategyId)
    {
        if (fill.WorldId.Length > 0 && fill.WorldId != worldId) throw new RefusalException(ReasonCodes.PermissionDenied, $"The fill is of world '{fill.WorldId}'; the credential is for '{worldId}'.", [new FieldError("/data/world_id", "is not the credential's")]);
        if (fill.StrategyId.Length > 0 && strategyId.Length > 0 && fill.StrategyId != strategyId)
            throw new RefusalException(ReasonCodes.PermissionDenied, $"The fill is of strategy '{fill.StrategyId}'; the credential is for '{strategyId}'.", [new FieldError("/data/strategy_id", "is not the credential's")]);
        fill.WorldId = worldId;
        if (strategyId.Length > 0) fill.StrategyId = strategyId;
        if (fill.StrategyId.Length == 0) throw new RefusalException(ReasonCodes.MissingIds, "Neither the credential nor the fill names a strategy.", [new FieldError("/data/strategy_id", "is missing")]);
    }

    private static void Normalise(ExecutionFill fill)
    {
        fill.Side = fill.Side.ToUpperInvariant();
        fill.Tif = fill.Tif.ToUpperInvariant();
        fill.Status = fill.Status.ToLowerInvariant();
    }

    private static IEnumerable<FieldError> Errors(ExecutionFill fill) => [.. Names(fill), .. Words(fill), .. Numbers(fill), .. Place(fill)];

    private static IEnumerable<FieldError> Names(ExecutionFill fill)
    {
        foreach (var (name, text) in new[] { ("order_id", fill.OrderId), ("symbol", fill.Symbol) })
        {
            // The separator of the message key.
            if (text.Length is 0 or > MaxText || text.Contains('|', StringComparison.Ordinal) || text.Any(char.IsControl)) yield return new FieldError("/data/" + name, $"must be 1 to {MaxText} printable characters other than |");
        }
    }

    private static IEnumerable<FieldError> Words(ExecutionFill fill)
    {
        foreach (var (name, text, allowed) in new[] { ("side", fill.Side, Sides), ("tif", fill.Tif, TimesInForce), ("status", fill.Status, Statuses) })
        {
            if (!allowed.Contains(text, StringComparer.Ordinal)) yield return new FieldError("/data/" + name, $"must be one of {string.Join(", ", allowed.Where(word => word.Length > 0))}, was \"{text}\"");
        }
    }

    private static IEnumerable<FieldError> Numbers(ExecutionFill fill)
    {
        // An order that was not executed has neither.
        var smallest = Executed.Contains(fill.Status, StringComparer.Ordinal) ? double.Epsilon : 0;
        foreach (var (name, number) in new[] { ("quantity", fill.Quantity), ("price", fill.Price) })
        {
            if (!double.IsFinite(number) || number < smallest) yield return new FieldError("/data/" + name, smallest > 0 ? "must be above 0" : "must be 0 or more");
        }

        foreach (var (name, number) in new[] { ("commission", fill.Commission), ("slippage", fill.Slippage), ("market_impact", fill.MarketImpact) })
        {
            if (!double.IsFinite(number)) yield return new FieldError("/data/" + name, "must be a finite number");
        }
    }

    private static IEnumerable<FieldError> Place(ExecutionFill fill)
    {
        if (fill.FillTime is null) yield return new FieldError("/data/fill_time", "is missing");
        if (fill.Seq < 0 || (fill.Seq == 0 && fill.Etag.Length == 0)) yield return new FieldError("/data/seq", "must be the number of the fill within its order, from 1; or give an etag");
        if (fill.Etag.Length > MaxText) yield return new FieldError("/data/etag", $"must have at most {MaxText} characters");
    }
}
