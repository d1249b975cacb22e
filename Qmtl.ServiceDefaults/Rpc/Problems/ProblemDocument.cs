using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>A refusal as RFC 9457 <c>application/problem+json</c>.</summary>
public static class ProblemDocument
{
    /// <summary>The content type.</summary>
    public const string ContentType = "application/problem+json";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal) { "type", "title", "status", "detail", "code", "errors", "correlation_id" };

    /// <summary>Answers a request with the refusal. The response must not have started.</summary>
    public static async Task WriteAsync(HttpContext http, RefusalException refusal)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(refusal);
        var body = ToUtf8(refusal, http.CorrelationId());
        var response = http.Response;
        response.StatusCode = refusal.Code.HttpStatus;
        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        response.Headers[CorrelationIds.Header] = http.CorrelationId();
        response.Headers.CacheControl = "no-store";
        response.Headers.Remove("ETag");
        if (refusal.Metadata.TryGetValue(RefusalStatus.RetryAfter, out var seconds)) response.Headers.RetryAfter = seconds;
        if (refusal.Code.HttpStatus == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = AuthRefusals.Challenge(refusal);
        if (HttpMethods.IsHead(http.Request.Method)) return;
        await response.Body.WriteAsync(body, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The document as UTF-8.</summary>
    public static byte[] ToUtf8(RefusalException refusal, string correlationId)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options)) Write(json, refusal, correlationId);
        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter json, RefusalException refusal, string correlationId)
    {
        json.WriteStartObject();
        json.WriteString("type", $"urn:qmtl:reason:{refusal.Code.Code}");
        json.WriteString("title", refusal.Code.Title);
        json.WriteNumber("status", refusal.Code.HttpStatus);
        json.WriteString("detail", refusal.Detail);
        json.WriteString("code", refusal.Code.Code);
        if (refusal.Errors.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (var error in refusal.Errors)
            {
                json.WriteStartObject();
                json.WriteString("pointer", error.Pointer);
                json.WriteString("message", error.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteString("correlation_id", correlationId);
        foreach (var (key, value) in refusal.Metadata.Where(pair => !Standard.Contains(pair.Key)).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WritePropertyName(key);
            WriteFact(json, value);
        }

        json.WriteEndObject();
    }

    /// <summary>Facts are text; a list or object that a handler wrote as JSON stands as such.</summary>
    private static void WriteFact(Utf8JsonWriter json, string value)
    {
        if (value.StartsWith('[') || value.StartsWith('{'))
        {
            try
            {
                using var document = JsonDocument.Parse(value);
                document.RootElement.WriteTo(json);
                return;
            }
            catch (JsonException)
            {
                // Then it is text that happens to begin with a bracket.
            }
        }

        json.WriteStringValue(value);
    }
}
