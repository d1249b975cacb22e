using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>A response with the metadata its handler set.</summary>
internal sealed record RpcReply(IMessage Message, Metadata Metadata);

/// <summary>Where a streaming handler's messages go.</summary>
internal interface IRpcStream
{
    /// <summary>The handler has accepted the call.</summary>
    Task StartAsync(Metadata headers);

    Task WriteAsync(IMessage message, CancellationToken cancellationToken);
}

/// <summary>Calls the rpcs of one service, wherever it is.</summary>
internal interface IRpcTarget
{
    Task<RpcReply> CallAsync(HttpContext http, IMessage request, CancellationToken cancellationToken);

    Task StreamAsync(HttpContext http, IMessage request, IRpcStream responses, CancellationToken cancellationToken);
}
