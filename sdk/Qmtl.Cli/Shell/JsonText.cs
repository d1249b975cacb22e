using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Qmtl.Protos;

namespace Qmtl.Cli.Shell;

/// <summary>JSON as it is printed.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(JsonNode node) => node.ToJsonString(Indented);

    /// <summary>A message of the contract as a part of a larger document.</summary>
    public static JsonNode? Of(IMessage? message) => message is null ? null : JsonNode.Parse(ProtoJson.Write(message));

    public static JsonArray Array<T>(IEnumerable<T> messages)
        where T : IMessage => new([.. messages.Select(message => Of(message))]);
}
