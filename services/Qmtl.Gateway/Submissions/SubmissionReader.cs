using System.Text;
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

    /// <summary>Reads and checks a request.</summary>
    /// <exception cref="RefusalException">Something is wrong with it; the errors name each field.</exception>
    public Submission Read(StrategySubmit request)
    {
        var worlds = ReadWorlds(request);
        using var document = CanonicalJson.Parse(request.DagJson.Memory);
        var check = SubmissionCheck.Inspect(document.RootElement, request.NodeIdsCrc32);
        metrics.Identity(check);
        check.ThrowIfRefused();
        var meta = request.Meta ?? new Struct();
        return new Submission(
            Encoding.UTF8.GetString(request.DagJson.Span),
            check.Nodes,
            check.Crc,
            worlds,
            JsonFormatter.Default.Format(meta),
            new ContextHints(Text(meta, "as_of"), Text(meta, "partition"), Text(meta, "dataset_fingerprint")),
            Text(meta, NameField) ?? "");
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
        return worlds;
    }

    private static string? Text(Struct meta, string field) =>
        meta.Fields.TryGetValue(field, out var value) && value.KindCase == Value.KindOneofCase.StringValue && value.StringValue.Length > 0 ? value.StringValue : null;
}
