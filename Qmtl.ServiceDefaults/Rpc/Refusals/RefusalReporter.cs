using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Turns whatever a handler threw into a refusal, and tells log and metrics. One place, so that gRPC and HTTP say the same.</summary>
public sealed partial class RefusalReporter : IDisposable
{
    private readonly ILogger<RefusalReporter> _logger;
    private readonly Meter _meter;
    private readonly Counter<long> _refusals;

    /// <summary>Creates the reporter; one a process.</summary>
    public RefusalReporter(IMeterFactory meters, ILogger<RefusalReporter> logger)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _logger = logger;
        _meter = meters.Create("Qmtl.ServiceDefaults");
        _refusals = _meter.CreateCounter<long>("refusals_total", description: "Requests refused, by reason code");
    }

    /// <summary>The refusal that <paramref name="failure"/> amounts to, reported.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="operation">What was being done, for example <c>/qmtl.v1.WorldService/Decide</c>.</param>
    /// <param name="correlationId">Id that the caller sees too.</param>
    /// <param name="cancelled">Whether the caller has gone.</param>
    public RefusalException Report(Exception failure, string operation, string correlationId, bool cancelled)
    {
        var refusal = Refusal(failure, correlationId, cancelled);
        _refusals.Add(1, new KeyValuePair<string, object?>("code", refusal.Code.Code));
        Activity.Current?.SetTag("qmtl.reason_code", refusal.Code.Code);
        if (refusal.Code == ReasonCodes.Internal) LogUnexpected(failure, operation, correlationId);
        else if (refusal.Code.HttpStatus >= 500) LogFailed(failure.InnerException, operation, refusal.Code.Code, refusal.Detail, correlationId);
        else LogRefused(operation, refusal.Code.Code, refusal.Detail, correlationId);
        return refusal;
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static RefusalException Refusal(Exception failure, string correlationId, bool cancelled) => failure switch
    {
        RefusalException refusal => refusal,
        RpcException rpc => RefusalStatus.FromRpcException(rpc),
        BadHttpRequestException bad => FromBadRequest(bad),
        OperationCanceledException when cancelled => new RefusalException(ReasonCodes.Cancelled, "The caller gave up.", errors: null, metadata: null, failure),
        OperationCanceledException or TimeoutException => new RefusalException(ReasonCodes.Timeout, "The work was not finished in time.", errors: null, metadata: null, failure),
        _ => new RefusalException(
            ReasonCodes.Internal, $"Something went wrong inside the service; its log knows it as {correlationId}.", errors: null, metadata: null, failure),
    };

    private static RefusalException FromBadRequest(BadHttpRequestException bad) => bad.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => new RefusalException(ReasonCodes.TooLarge, "The request body is larger than allowed.", errors: null, metadata: null, bad),
        StatusCodes.Status408RequestTimeout => new RefusalException(ReasonCodes.Timeout, "The request body did not arrive in time.", errors: null, metadata: null, bad),
        StatusCodes.Status415UnsupportedMediaType => new RefusalException(ReasonCodes.InvalidContentType, "The content type is not accepted here.", errors: null, metadata: null, bad),
        _ => new RefusalException(ReasonCodes.SchemaInvalid, "The request is not valid HTTP.", errors: null, metadata: null, bad),
    };

    [LoggerMessage(Level = LogLevel.Information, EventId = 1, EventName = "Refused", Message = "{Operation} refused with {Code}: {Detail} ({CorrelationId})")]
    private partial void LogRefused(string operation, string code, string detail, string correlationId);

    [LoggerMessage(Level = LogLevel.Warning, EventId = 2, EventName = "Failed", Message = "{Operation} failed with {Code}: {Detail} ({CorrelationId})")]
    private partial void LogFailed(Exception? cause, string operation, string code, string detail, string correlationId);

    [LoggerMessage(Level = LogLevel.Error, EventId = 3, EventName = "Unexpected", Message = "{Operation} failed unexpectedly ({CorrelationId})")]
    private partial void LogUnexpected(Exception failure, string operation, string correlationId);
}
