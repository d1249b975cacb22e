using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Qmtl.Identity;
using GrpcStatus = Grpc.Core.Status;
using RpcStatus = Google.Rpc.Status;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>A refusal as a gRPC status and back: google.rpc.Status in the trailer <c>grpc-status-details-bin</c>.</summary>
public static class RefusalStatus
{
    /// <summary>The trailer that carries the details.</summary>
    public const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>Who defines the reason codes.</summary>
    public const string Domain = "qmtl.dev";

    /// <summary>Metadata key of a refusal that says after how many seconds to try again; it becomes RetryInfo and the Retry-After header.</summary>
    public const string RetryAfter = "retry_after";

    // Trailers share a few KiB with everything else; clients refuse more.
    private const int MaxViolations = 20;
    private const int MaxText = 300;
    private const string HttpStatus = "http_status";

    /// <summary>The exception that ends a call with this refusal.</summary>
    public static RpcException ToRpcException(RefusalException refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        var code = CodeOf(refusal.Code);
        var status = new RpcStatus { Code = (int)code, Message = Cut(refusal.Detail) };
        var info = new ErrorInfo { Reason = refusal.Code.Code, Domain = Domain };
        foreach (var (key, value) in refusal.Metadata) info.Metadata[key] = Cut(value);
        info.Metadata[HttpStatus] = refusal.Code.HttpStatus.ToString(CultureInfo.InvariantCulture);
        status.Details.Add(Any.Pack(info));
        if (refusal.Errors.Count > 0)
        {
            var bad = new BadRequest();
            bad.FieldViolations.AddRange(refusal.Errors.Take(MaxViolations)
                .Select(error => new BadRequest.Types.FieldViolation { Field = error.Pointer, Description = Cut(error.Message) }));
            status.Details.Add(Any.Pack(bad));
        }

        if (refusal.Metadata.TryGetValue(RetryAfter, out var seconds) && long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var delay))
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = new Duration { Seconds = delay } }));
        return new RpcException(new GrpcStatus(code, Cut(refusal.Detail)), new Metadata { { DetailsTrailer, status.ToByteArray() } });
    }

    /// <summary>The refusal that ended a call, as told by its details or, without any, by its status code.</summary>
    /// <param name="failure">What the call threw.</param>
    /// <param name="peer">Whom to name when the other side does not answer, for example "WorldService".</param>
    public static RefusalException FromRpcException(RpcException failure, string? peer = null)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var (info, violations) = Details(failure.Trailers);
        if (info is null) return WithoutDetails(failure, peer);
        var metadata = info.Metadata.Where(pair => !string.Equals(pair.Key, HttpStatus, StringComparison.Ordinal)).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        return new RefusalException(ReasonOf(info, failure.StatusCode), failure.Status.Detail, violations, metadata, failure);
    }

    /// <summary>The gRPC status code that goes with a reason code.</summary>
    public static StatusCode CodeOf(ReasonCode reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (reason == ReasonCodes.Duplicate || reason == ReasonCodes.WorldExists) return StatusCode.AlreadyExists;
        if (reason == ReasonCodes.EtagConflict) return StatusCode.Aborted;
        return reason.HttpStatus switch
        {
            401 => StatusCode.Unauthenticated,
            403 => StatusCode.PermissionDenied,
            404 => StatusCode.NotFound,
            409 or 412 => StatusCode.FailedPrecondition,
            413 or 429 => StatusCode.ResourceExhausted,
            499 => StatusCode.Cancelled,
            405 or 501 => StatusCode.Unimplemented,
            502 or 503 => StatusCode.Unavailable,
            504 => StatusCode.DeadlineExceeded,
            >= 500 => StatusCode.Internal,
            _ => StatusCode.InvalidArgument,
        };
    }

    private static (ErrorInfo? Info, List<FieldError> Violations) Details(Metadata trailers)
    {
        var violations = new List<FieldError>();
        ErrorInfo? info = null;
        try
        {
            if (trailers.GetValueBytes(DetailsTrailer) is not { } bytes) return (null, violations);
            foreach (var detail in RpcStatus.Parser.ParseFrom(bytes).Details)
            {
                if (detail.Is(ErrorInfo.Descriptor)) info = detail.Unpack<ErrorInfo>();
                else if (detail.Is(BadRequest.Descriptor)) violations.AddRange(detail.Unpack<BadRequest>().FieldViolations.Select(violation => new FieldError(violation.Field, violation.Description)));
            }
        }
        catch (InvalidProtocolBufferException)
        {
            // Details that cannot be read must not hide the status they came with.
            return (null, []);
        }

        return (info, violations);
    }

    /// <summary>A newer service may use a code that this process does not know yet.</summary>
    private static ReasonCode ReasonOf(ErrorInfo info, StatusCode code)
    {
        if (ReasonCodes.Find(info.Reason) is { } known) return known;
        var fallback = Plain(code);
        var status = info.Metadata.TryGetValue(HttpStatus, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 400 and <= 599
            ? number
            : fallback.HttpStatus;
        try
        {
            return new ReasonCode(info.Reason, status, fallback.Title);
        }
        catch (ArgumentException)
        {
            return fallback;
        }
    }

    private static RefusalException WithoutDetails(RpcException failure, string? peer)
    {
        var reason = Plain(failure.StatusCode);
        // What a runtime says of itself is for the log; only what a handler said on purpose goes on.
        var detail = reason.HttpStatus switch
        {
            >= 500 when reason == ReasonCodes.Unavailable => $"{peer ?? "The service"} is unavailable.",
            >= 500 when reason == ReasonCodes.Timeout => $"{peer ?? "The service"} did not answer in time.",
            >= 500 => $"{reason.Title}.",
            _ => failure.Status.Detail.Length > 0 ? failure.Status.Detail : $"{reason.Title}.",
        };
        return new RefusalException(reason, detail, errors: null, metadata: null, failure);
    }

    private static ReasonCode Plain(StatusCode code) => code switch
    {
        StatusCode.Cancelled => ReasonCodes.Cancelled,
        StatusCode.InvalidArgument or StatusCode.OutOfRange => ReasonCodes.InvalidArgument,
        StatusCode.DeadlineExceeded => ReasonCodes.Timeout,
        StatusCode.NotFound => ReasonCodes.NotFound,
        StatusCode.AlreadyExists => ReasonCodes.Duplicate,
        StatusCode.PermissionDenied => ReasonCodes.PermissionDenied,
        StatusCode.ResourceExhausted => ReasonCodes.RateLimit,
        StatusCode.FailedPrecondition => ReasonCodes.PreconditionFailed,
        StatusCode.Aborted => ReasonCodes.EtagConflict,
        StatusCode.Unimplemented => ReasonCodes.NotImplemented,
        StatusCode.Unavailable => ReasonCodes.Unavailable,
        StatusCode.Unauthenticated => ReasonCodes.Auth,
        _ => ReasonCodes.Internal,
    };

    private static string Cut(string text) => text.Length <= MaxText ? text : string.Concat(text.AsSpan(0, MaxText - 3), "...");
}
