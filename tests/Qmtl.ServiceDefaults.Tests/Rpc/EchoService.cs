using Google.Api;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Tests.Rpc;

namespace Qmtl.ServiceDefaults.Tests.Rpc;

/// <summary>Answers with what it was asked.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    public static readonly ReasonCode Unlisted = new("E_FROM_THE_FUTURE", 418, "Known only to a newer service");

    public override Task<Everything> Get(Everything request, ServerCallContext context)
    {
        request.Free ??= new Struct();
        request.Free.Fields["correlation_id"] = Value.ForString(context.CorrelationId());
        request.Free.Fields["caller"] = Value.ForString(context.Caller().Subject);
        return Task.FromResult(request);
    }

    public override Task<Everything> Put(Everything request, ServerCallContext context)
    {
        context.SetHttpStatus(201);
        return Task.FromResult(request);
    }

    public override Task<Everything> PutPart(Everything request, ServerCallContext context) => Task.FromResult(request);

    public override Task<HttpBody> Upload(Raw request, ServerCallContext context) => Task.FromResult(request.Document);

    public override Task<Empty> Delete(Everything request, ServerCallContext context) => Task.FromResult(new Empty());

    public override Task<Everything> Tagged(Everything request, ServerCallContext context)
    {
        context.SetETag("act:" + request.Id);
        context.SetCacheControl(TimeSpan.FromSeconds(300));
        return Task.FromResult(request);
    }

    public override Task<Everything> Refuse(Everything request, ServerCallContext context) => request.Id switch
    {
        "typed" => throw new RefusalException(
            ReasonCodes.NodeIdMismatch, "Node 3 is not what it says.", [new FieldError("/nodes/3/node_id", "expected blake3:aa")],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["hint"] = "recompute", ["node_id_mismatch"] = "[{\"index\":3}]" }),
        "degraded" => throw new RefusalException(
            ReasonCodes.Degraded, "Come back later.", errors: null, new Dictionary<string, string>(StringComparer.Ordinal) { [RefusalStatus.RetryAfter] = "30" }),
        "future" => throw new RefusalException(Unlisted, "A teapot."),
        _ => throw new InvalidOperationException("password=hunter2"),
    };

    public override async Task Watch(Everything request, IServerStreamWriter<Everything> responseStream, ServerCallContext context)
    {
        if (request.Id == "refused") throw new RefusalException(ReasonCodes.WorldUnknown, "There is no world \"refused\".");
        await context.WriteResponseHeadersAsync([]);
        for (var i = 0; i < request.Count; i++) await responseStream.WriteAsync(new Everything { Id = request.Id, SeqNo = (ulong)i + 1 }, context.CancellationToken);
        if (request.Id == "breaks") throw new RefusalException(ReasonCodes.GraphUnavailable, "The graph went away.");
        if (request.Id == "stays") await Task.Delay(Timeout.Infinite, context.CancellationToken);
    }
}
