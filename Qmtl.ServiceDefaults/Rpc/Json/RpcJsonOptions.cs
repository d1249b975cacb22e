using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>How a service's rpcs are served over HTTP/JSON.</summary>
public sealed class RpcJsonOptions
{
    /// <summary>Default of <see cref="MaxBodyBytes"/>: 16 MiB.</summary>
    public const int DefaultMaxBodyBytes = 16 * 1024 * 1024;

    /// <summary>Largest request body in bytes.</summary>
    public int MaxBodyBytes { get; set; } = DefaultMaxBodyBytes;

    /// <summary>How long a unary call of another service may take. Default 10 s.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between comments that keep an event stream open. Default 15 s.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a stream may stay silent before its headers leave, unless the handler sends them. Default 1 s; until then a refusal is still a problem document.</summary>
    public TimeSpan StreamStart { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whom to name when another service does not answer, for example "WorldService".</summary>
    public string? Peer { get; set; }

    /// <summary>Query parameters that are not fields; a browser's EventSource can send a token in no other way.</summary>
    public ISet<string> IgnoredQuery { get; } = new HashSet<string>(StringComparer.Ordinal) { "access_token", "token" };

    /// <summary>The id of a server-sent event, which a client sends back as Last-Event-ID; null for none.</summary>
    public Func<IMessage, string?> EventId { get; set; } = static _ => null;

    /// <summary>The name of a server-sent event; null for none.</summary>
    public Func<IMessage, string?> EventName { get; set; } = static _ => null;

    /// <summary>The JSON of a server-sent event on one line; by default it is written anew for each receiver.</summary>
    public Func<IMessage, ReadOnlyMemory<byte>>? EventJson { get; set; }

    internal HashSet<string> Excluded { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, RequestDelegate> Overrides { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, Func<RequestDelegate, RequestDelegate>> Wraps { get; } = new(StringComparer.Ordinal);

    /// <summary>Leaves these rpcs out.</summary>
    public RpcJsonOptions Exclude(params ReadOnlySpan<string> rpcs)
    {
        foreach (var rpc in rpcs) Excluded.Add(rpc);
        return this;
    }

    /// <summary>Serves the routes of one rpc by another handler.</summary>
    public RpcJsonOptions Override(string rpc, RequestDelegate handler)
    {
        Overrides[rpc] = handler;
        return this;
    }

    /// <summary>Puts a handler around the routes of one rpc, for example a cache or a guard.</summary>
    public RpcJsonOptions Wrap(string rpc, Func<RequestDelegate, RequestDelegate> around)
    {
        Wraps[rpc] = around;
        return this;
    }
}
