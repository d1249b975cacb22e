using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Qmtl.Gateway.Events;
using Qmtl.V1;

namespace Qmtl.Gateway;

/// <summary>Rpcs about events.</summary>
internal sealed partial class GatewayService
{
    [AllowAnonymous]
    public override Task<JsonWebKeySet> GetEventKeys(Empty request, ServerCallContext context) => Task.FromResult(events.Keys(context));

    [AllowAnonymous]
    public override Task<Struct> GetEventSchema(Empty request, ServerCallContext context) => Task.FromResult(EventEndpoints.Schemas(context));

    public override Task<EventStreamDescriptor> CreateEventStream(EventStreamRequest request, ServerCallContext context) => events.DescribeAsync(request, context);

    /// <summary>Open to the door: an event token is as good as a user's.</summary>
    [AllowAnonymous]
    public override Task Subscribe(SubscribeRequest request, IServerStreamWriter<CloudEvent> responseStream, ServerCallContext context) => events.StreamAsync(request, responseStream, context);
}
