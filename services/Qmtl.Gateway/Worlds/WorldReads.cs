using Grpc.Core;
using Qmtl.Protos;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>The reads a client acts on: decision and activation. Answered also when WorldService is not, with what is safe.</summary>
internal sealed class WorldReads(WorldService.WorldServiceClient worlds, DecisionCache decisions, WorldServiceCaller caller, TimeProvider time) : WorldService.WorldServiceBase
{
    private const string StaleWarning = "110 - \"Response is stale\"";

    public override async Task<DecisionEnvelope> Decide(DecideRequest request, ServerCallContext context)
    {
        var reading = request.Equals(new DecideRequest { WorldId = request.WorldId })
            ? await decisions.ReadAsync(request.WorldId, context.CancellationToken)
            : await AskAsync(request, context);
        var envelope = Augmentation.Decision(request.WorldId, reading, time.GetUtcNow());
        Mark(context, envelope.Etag, reading.IsStale);
        if (!reading.IsStale) context.SetCacheControl(envelope.Ttl?.ToTimeSpan() ?? TimeSpan.Zero);
        return envelope;
    }

    public override async Task<ActivationEnvelope> GetActivation(GetActivationRequest request, ServerCallContext context)
    {
        var known = await caller.TryAsync(
            (deadline, token) => worlds.GetActivationAsync(request, Headers(context), deadline, token).ResponseAsync, context.CancellationToken);
        var envelope = known is null
            ? Augmentation.Unavailable(request.WorldId, request.StrategyId, request.Side, time.GetUtcNow())
            : Augmentation.Activation(known, isStale: false);
        Mark(context, envelope.HttpEtag(), known is null);
        return envelope;
    }

    // The decision at another time is nobody's current decision: never remembered.
    private async Task<DecisionReading> AskAsync(DecideRequest request, ServerCallContext context)
    {
        var decision = await caller.TryAsync(
            (deadline, token) => worlds.DecideAsync(request, Headers(context), deadline, token).ResponseAsync, context.CancellationToken);
        return new DecisionReading(decision, IsStale: decision is null);
    }

    private static Metadata Headers(ServerCallContext context)
    {
        var headers = context.ForwardedHeaders();
        // Whether the caller has this version is decided here, on the copy that is answered.
        foreach (var condition in headers.GetAll("if-none-match").ToArray()) headers.Remove(condition);
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
