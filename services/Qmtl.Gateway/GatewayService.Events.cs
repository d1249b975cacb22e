using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Gateway.Tokens;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway;

/// <summary>Rpcs about the event stream.</summary>
internal sealed partial class GatewayService
{
    // Shorter than the life of a key that was taken out of use.
    private static readonly TimeSpan KeysMaxAge = TimeSpan.FromSeconds(60);

    public override Task<JsonWebKeySet> GetEventKeys(Empty request, ServerCallContext context)
    {
        context.SetCacheControl(KeysMaxAge);
        return Task.FromResult(tokenKeys.Ring.Publish(time.GetUtcNow()));
    }
}
