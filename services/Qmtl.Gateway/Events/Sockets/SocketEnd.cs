using System.Net.WebSockets;

namespace Qmtl.Gateway.Events;

/// <summary>Why a WebSocket stream ends.</summary>
/// <param name="Name">In metrics.</param>
/// <param name="Status">In the close frame; null where there is nobody to read one.</param>
/// <param name="Text">In the close frame.</param>
internal sealed record SocketEnd(string Name, WebSocketCloseStatus? Status, string Text = "")
{
    /// <summary>The client said goodbye.</summary>
    public static SocketEnd Left { get; } = new("left", WebSocketCloseStatus.NormalClosure);

    /// <summary>The gateway ends.</summary>
    public static SocketEnd Stopping { get; } = new("stopping", WebSocketCloseStatus.EndpointUnavailable, "stopping");

    /// <summary>A message is larger than allowed.</summary>
    public static SocketEnd TooBig { get; } = new("too_big", WebSocketCloseStatus.MessageTooBig, "E_TOO_LARGE");

    /// <summary>A message was begun and not finished in time.</summary>
    public static SocketEnd Unfinished { get; } = new("unfinished", null);

    /// <summary>The client takes nothing.</summary>
    public static SocketEnd Stuck { get; } = new("stuck", null);

    /// <summary>The connection is gone, or does not answer pings.</summary>
    public static SocketEnd Lost { get; } = new("lost", null);

    /// <summary>A token does not allow it.</summary>
    public static SocketEnd Refused(string code) => new("refused", WebSocketCloseStatus.PolicyViolation, code);
}
