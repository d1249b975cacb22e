using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Gateway.Events;
using Qmtl.V1;

namespace Qmtl.Gateway;

/// <summary>Rpcs about events.</summary>
internal sealed partial class GatewayService
{
    public override Task<JsonWebKeySet> GetEventKeys(Empty request, ServerCallContext context) => Task.FromResult(events.Keys(context));

    public override Task<Struct> GetEventSchema(Empty request, ServerCallContext context) => Task.FromResult(EventEndpoints.Schemas(context));

    public override Task<EventStreamDescriptor> CreateEventStream(EventStreamRequest request, ServerCallContext context) => events.DescribeAsync(request, context);

    public override Task Subscribe(SubscribeRequest request, IServerStreamWriter<CloudEvent> responseStream, ServerCallContext context) => events.StreamAsync(request, responseStream, context);
}
