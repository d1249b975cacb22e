using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.Gateway.Submissions;

/// <summary>What a failed attempt means for a submission. Pure.</summary>
/// <param name="Reason">Reason code.</param>
/// <param name="IsFinal">Whether trying again cannot help.</param>
internal readonly record struct AttemptFailure(string Reason, bool IsFinal)
{
    /// <summary>Judges what was thrown. Only a refusal of the submission itself is final: an accepted submission is never given up because somebody is away.</summary>
    public static AttemptFailure Of(Exception problem) => problem switch
    {
        RefusalException refusal => new(refusal.Code.Code, Refuses(refusal.Code)),
        Grpc.Core.RpcException rpc => Of(RefusalStatus.FromRpcException(rpc)),
        OperationCanceledException or TimeoutException => new(ReasonCodes.Timeout.Code, false),
        HttpRequestException or Storage.StorageException => new(ReasonCodes.Unavailable.Code, false),
        _ => new(ReasonCodes.Internal.Code, false),
    };

    private static bool Refuses(ReasonCode code) =>
        code.HttpStatus < 500 && code != ReasonCodes.Cancelled && code != ReasonCodes.RateLimit && code != ReasonCodes.EtagConflict;
}
