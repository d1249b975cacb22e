using Grpc.Core;
using Qmtl.Identity;

namespace Qmtl.WorldService;

/// <summary>Rpcs of the contract that this version does not serve say so rather than answer something.</summary>
internal sealed partial class WorldServiceApi
{
    private static Task<T> Later<T>(ServerCallContext context) => throw new RefusalException(
        ReasonCodes.NotImplemented, $"{context.Method.TrimStart('/')} is part of the contract and not served by this version.");
}
