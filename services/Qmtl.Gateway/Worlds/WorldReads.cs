using Grpc.Core;
using Qmtl.Protos;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>
/// The rpcs of WorldService that the Gateway does not just pass on: the reads a client acts on, answered also when WorldService is not, with what is safe;
/// and the write whose request says whether it goes live.
/// </summary>
internal sealed class WorldReads(
    WorldService.WorldServiceClient worlds,
    DecisionCache decisions,
    WorldServiceCaller caller,
    WorldServiceOptions options,
    WorldCacheMetrics metrics,
    TimeProvider time) : WorldService.WorldServiceBase
{
    private const string StaleWarning = "110 - \"Response is stale\"";
    private const string IfNoneMatch = "if-none-match";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public override async Task<DecisionEnvelope> Decide(DecideRequest request, ServerCallContext context)
    {
        // What is remembered was read by this Gateway: whoever is told it must be allowed to know it.
        context.Caller().Require(request.WorldId, WorldRole.Reader);
        var reading = request.Equals(new DecideRequest { WorldId = request.WorldId })
            ? await decisions.ReadAsync(request.WorldId, context.CancellationToken)
            : await AskAsync(request, context);
        var envelope = Augmentation.Decision(request.WorldId, reading, time.GetUtcNow());
        Mark(context, envelope.Etag, reading.IsStale);
        if (!reading.IsStale) context.SetCacheControl(envelope.Ttl?.ToTimeSpan() ?? TimeSpan.Zero);
        return envelope;
    }

    // Never from memory: an entry that was closed a moment ago must not be read as open. A client that has the version it names is answered with 304.
    public override async Task<ActivationEnvelope> GetActivation(GetActivationRequest request, ServerCallContext context)
    {
        context.Caller().Require(request.WorldId, WorldRole.Reader);
        var known = await caller.TryAsync(
            (deadline, token) => worlds.GetActivationAsync(request, Headers(context), deadline, token).ResponseAsync, context.CancellationToken);
        if (known is null) metrics.Stale();
        var envelope = known is null
            ? Augmentation.Unavailable(request.WorldId, request.StrategyId, request.Side, time.GetUtcNow())
            : Augmentation.Activation(known, isStale: false);
        Mark(context, envelope.HttpEtag(), known is null);
        return envelope;
    }

    public override async Task<ActivationEnvelope> PutActivation(PutActivationRequest request, ServerCallContext context)
    {
        if (options.EnforceLiveGuard && request.Active)
        {
            var decision = request.EffectiveMode is { Length: > 0 } ? default : await decisions.ReadAsync(request.WorldId, context.CancellationToken);
            if (LiveGuard.MayGoLive(request, decision)) LiveGuard.Require(context.RequestHeaders.GetValue(LiveGuard.MetadataName));
        }

        try
        {
            using var call = worlds.PutActivationAsync(request, context.ForwardedHeaders(), time.GetUtcNow().UtcDateTime + Patience, context.CancellationToken);
            var envelope = await call.ResponseAsync;
            foreach (var trailer in call.GetTrailers().Where(trailer => trailer.Key.StartsWith(HttpMetadata.Prefix, StringComparison.Ordinal))) context.ResponseTrailers.Add(trailer);
            return Augmentation.Activation(envelope, isStale: false);
        }
        finally
        {
            decisions.Invalidate(request.WorldId);
        }
    }

    // The decision at another time is nobody's current decision: never remembered.
    private async Task<DecisionReading> AskAsync(DecideRequest request, ServerCallContext context)
    {
        var decision = await caller.TryAsync(
            (deadline, token) => worlds.DecideAsync(request, Headers(context), deadline, token).ResponseAsync, context.CancellationToken);
        if (decision is null) metrics.Stale();
        return new DecisionReading(decision, IsStale: decision is null);
    }

    private static Metadata Headers(ServerCallContext context)
    {
        var headers = context.ForwardedHeaders();
        // Whether the caller has this version is decided here, on the copy that is answered.
        foreach (var condition in headers.GetAll(IfNoneMatch).ToArray()) headers.Remove(condition);
        return headers;
    }

    private static void Mark(ServerCallContext context, string etag, bool isStale)
    {
        if (isStale)
        {
            context.SetHttpHeader("x-stale", "true");
            context.SetHttpHeader("warning", StaleWarning);
            context.SetCacheControl(TimeSpan.Zero);
        }
        else if (etag.Length > 0)
        {
            context.SetETag(etag);
        }
    }
}
