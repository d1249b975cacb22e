using System.Text.Json;
using Qmtl.Identity;

namespace Qmtl.Client;

/// <summary>Turns problem documents (RFC 9457) back into refusals. Pure.</summary>
internal static class GatewayProblem
{
    private static readonly string[] Standard = ["type", "title", "status", "detail", "instance", "code", "errors"];

    /// <summary>The refusal that a response of this status and body stands for.</summary>
    public static RefusalException Read(int status, string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(status, document.RootElement);
        }
        catch (JsonException)
        {
            return new RefusalException(ReasonCodes.BadUpstream, $"The gateway answered with status {status} and no problem document.");
        }
    }

    /// <summary>The refusal that a problem document stands for; its own status counts.</summary>
    public static RefusalException Read(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var status = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("status", out var given) && given.TryGetInt32(out var number) ? number : ReasonCodes.BadUpstream.HttpStatus;
            return Read(status, document.RootElement);
        }
        catch (JsonException)
        {
            return new RefusalException(ReasonCodes.BadUpstream, "The gateway ended the stream with something else than a problem document.");
        }
    }

    private static RefusalException Read(int status, JsonElement problem)
    {
        var title = Text(problem, "title") is { Length: > 0 } given ? given : "The request was refused";
        var code = Text(problem, "code") is { Length: > 0 } known ? new ReasonCode(known, Math.Clamp(status, 400, 599), title) : ReasonCodes.BadUpstream;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (problem.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in problem.EnumerateObject().Where(member => !Standard.Contains(member.Name, StringComparer.Ordinal)))
                metadata[member.Name] = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText();
        }

        return new RefusalException(code, Text(problem, "detail") is { Length: > 0 } detail ? detail : title, Errors(problem), metadata);
    }

    private static FieldError[] Errors(JsonElement problem) =>
        problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array
            ? [.. errors.EnumerateArray().Select(error => new FieldError(Text(error, "pointer"), Text(error, "message")))]
            : [];

    private static string Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
