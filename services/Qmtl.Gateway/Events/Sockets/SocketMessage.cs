using System.Text.Json;

namespace Qmtl.Gateway.Events;

/// <summary>What a WebSocket client says.</summary>
internal abstract record SocketMessage
{
    /// <summary>It has processed everything up to an event.</summary>
    public sealed record Ack(string LastId) : SocketMessage;

    /// <summary>It has another token.</summary>
    public sealed record Refresh(string Token) : SocketMessage;

    /// <summary>It is there: everything else, whatever it says.</summary>
    public sealed record Heartbeat : SocketMessage;

    /// <summary>Reads a message. Never throws.</summary>
    public static SocketMessage Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8);
            return Text(document.RootElement, "type") switch
            {
                "ack" => new Ack(Text(document.RootElement, "last_id")),
                "refresh" => new Refresh(Text(document.RootElement, "token")),
                _ => new Heartbeat(),
            };
        }
        catch (JsonException)
        {
            return new Heartbeat();
        }
    }

    private static string Text(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value)) return "";
        return value.ValueKind switch { JsonValueKind.String => value.GetString()!, JsonValueKind.Number => value.GetRawText(), _ => "" };
    }
}
