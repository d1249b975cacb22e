using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Telemetry;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Submissions;

/// <summary>Checks a submission as far as that needs nobody else: form, worlds, node identities.</summary>
internal sealed class SubmissionReader(GatewayMetrics metrics)
{
    private const string NameField = "name";
    private const int MaxWorlds = 100;

    // What a message to DagManager carries, with room for what stands around it.
    private const int MaxDagBytes = 3 * 1024 * 1024;
    private const int MaxMetaBytes = 64 * 1024;
    private const int MaxPartition = 128;

    /// <summary>Reads and checks a request.</summary>
    /// <exception cref="RefusalException">Something is wrong with it; the errors name each field.</exception>
    public Submission Read(StrategySubmit request)
    {
        var worlds = ReadWorlds(request);
        if (request.DagJson.Length > MaxDagBytes) throw RefusalException.At(ReasonCodes.TooLarge, "/dag_json", $"must have at most {MaxDagBytes} bytes, has {request.DagJson.Length}");
        using var document = CanonicalJson.Parse(request.DagJson.Memory);
        RefuseTooManyNodes(document.RootElement);
        var check = SubmissionCheck.Inspect(document.RootElement, request.NodeIdsCrc32);
        metrics.Identity(check);
        check.ThrowIfRefused();
        var meta = request.Meta ?? new Struct();
        var hints = ReadHints(meta);
        return new Submission(
            Encoding.UTF8.GetString(request.DagJson.Span),
            check.Nodes,
            check.Crc,
            worlds,
            JsonFormatter.Default.Format(meta),
            hints,
            Text(meta, NameField) ?? "");
    }

    /// <summary>The document has its form; there is only too much of it.</summary>
    private static void RefuseTooManyNodes(JsonElement document)
    {
        if (document.ValueKind == JsonValueKind.Object && document.TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array && nodes.GetArrayLength() > NodeDocument.MaxNodes)
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/dag_json/nodes", $"must list at most {NodeDocument.MaxNodes} nodes, lists {nodes.GetArrayLength()}");
    }

    private string[] ReadWorlds(StrategySubmit request)
    {
#pragma warning disable CS0612 // Reading the deprecated field is how its use is refused with a reason.
        var deprecated = request.WorldId is not null;
#pragma warning restore CS0612
        if (deprecated)
        {
            metrics.DeprecatedWorldId();
            throw new RefusalException(ReasonCodes.WorldIdDeprecated, "world_id is no longer read; list the world in world_ids.", [new FieldError("/world_id", "use world_ids")]);
        }

        var worlds = request.WorldIds.Select(world => world.Trim()).Where(world => world.Length > 0).Distinct(StringComparer.Ordinal).ToArray();
        if (worlds.Length == 0)
            throw new RefusalException(ReasonCodes.WorldIdsRequired, "A strategy is submitted to at least one world.", [new FieldError("/world_ids", "must name at least one world")]);
        if (worlds.Length > MaxWorlds)
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/world_ids", $"must name at most {MaxWorlds} worlds, names {worlds.Length}");
        return worlds;
    }

    /// <summary>Hints become part of keys, so they are held to their form.</summary>
    private static ContextHints ReadHints(Struct meta)
    {
        var size = meta.CalculateSize();
        if (size > MaxMetaBytes) throw RefusalException.At(ReasonCodes.TooLarge, "/meta", $"must have at most {MaxMetaBytes} bytes, has {size}");
        if (FirstNotFinite(meta, "/meta") is { } pointer) throw RefusalException.At(ReasonCodes.InvalidArgument, pointer, "must be a finite number");
        var (asOf, partition) = (Text(meta, "as_of"), Text(meta, "partition"));
        if (asOf is not null && !DateTimeOffset.TryParse(asOf, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _))
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/meta/as_of", $"must be an RFC 3339 time such as 2026-01-31T00:00:00Z, was \"{asOf}\"");
        if (partition is not null && (partition.Length > MaxPartition || partition.Any(char.IsControl)))
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/meta/partition", $"must have at most {MaxPartition} characters, none of them a control character");
        return new ContextHints(asOf, partition, Text(meta, "dataset_fingerprint"));
    }

    private static string? FirstNotFinite(Struct fields, string pointer) =>
        fields.Fields.Select(field => FirstNotFinite(field.Value, JsonPointer.Append(pointer, field.Key))).FirstOrDefault(found => found is not null);

    private static string? FirstNotFinite(Value value, string pointer) => value.KindCase switch
    {
        Value.KindOneofCase.NumberValue => double.IsFinite(value.NumberValue) ? null : pointer,
        Value.KindOneofCase.StructValue => FirstNotFinite(value.StructValue, pointer),
        Value.KindOneofCase.ListValue => value.ListValue.Values.Select((item, index) => FirstNotFinite(item, JsonPointer.Append(pointer, index))).FirstOrDefault(found => found is not null),
        _ => null,
    };

    private static string? Text(Struct meta, string field) =>
        meta.Fields.TryGetValue(field, out var value) && value.KindCase == Value.KindOneofCase.StringValue && value.StringValue.Length > 0 ? value.StringValue : null;
}
