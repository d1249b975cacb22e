using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Runtime;

namespace Qmtl.Client;

/// <summary>Replay results as JSON, with snake_case names.</summary>
public static class ReplayJson
{
    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The document of a result.</summary>
    public static JsonNode ToNode(ReplayResult result) => JsonSerializer.SerializeToNode(result, SnakeCase)!;
}
