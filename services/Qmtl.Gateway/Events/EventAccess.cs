using Microsoft.Net.Http.Headers;
using Qmtl.Gateway.Tokens;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>What a subscriber may hear.</summary>
/// <param name="Filter">Only this.</param>
/// <param name="ExpiresAt">Until when; null while the connection lasts.</param>
internal sealed record StreamGrant(EventFilter Filter, DateTimeOffset? ExpiresAt);

/// <summary>What a stream is asked for.</summary>
/// <param name="WorldId">One world; empty means every one that the caller may read.</param>
/// <param name="StrategyId">One strategy; empty means all.</param>
/// <param name="Topics">Names of topics as clients write them; none means all.</param>
internal sealed record StreamRequest(string WorldId, string StrategyId, IReadOnlyList<string> Topics);

/// <summary>Decides what somebody may hear: by an event token, which says so itself, or as a caller, of whom WorldService knows the roles.</summary>
internal sealed class EventAccess(
    EventTokens tokens, ICallerAuthenticator authenticator, EventMetrics metrics, WorldService.WorldServiceClient worlds, WorldServiceOptions options, TimeProvider time)
{
    private const string Bearer = "Bearer ";

    /// <summary>The event token of a request; null when it has none.</summary>
    public static string? TokenOf(HttpContext http)
    {
        var header = http.Request.Headers[HeaderNames.Authorization].ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && EventTokens.IsOurs(header[Bearer.Length..])) return header[Bearer.Length..];
        var query = http.Request.Query;
        return query.TryGetValue("token", out var token) || query.TryGetValue("access_token", out token) ? token.ToString() : null;
    }

    /// <summary>Grants a stream.</summary>
    /// <exception cref="RefusalException">With the reason; counted.</exception>
    public async Task<StreamGrant> GrantAsync(string? token, StreamRequest request, HttpContext http)
    {
        try
        {
            if (token is not null) return Narrow(await tokens.ValidateAsync(token, TokenAudiences.Events), request);
            var caller = http.Caller() is { Kind: not CallerKind.Anonymous } known ? known : await authenticator.IdentifyAsync(http);
            await RequireReaderAsync(request.WorldId, caller, http.RequestAborted);
            return new StreamGrant(EventFilter.Of(EventTopics.Normalise(request.Topics), request.WorldId, request.StrategyId), null);
        }
        catch (RefusalException refusal)
        {
            metrics.Refused(refusal.Code.Code);
            throw;
        }
    }

    /// <summary>Refuses a caller who may not read a world, here and as WorldService knows it; without a world, who may not read all.</summary>
    /// <exception cref="RefusalException"><c>E_PERMISSION_DENIED</c>, <c>E_WORLD_UNKNOWN</c>, or <c>E_UNAVAILABLE</c> where nobody can say.</exception>
    public async Task RequireReaderAsync(string worldId, CallerIdentity caller, CancellationToken cancellation)
    {
        caller.Require(worldId, WorldRole.Reader);
        if (worldId.Length > 0) await worlds.GetWorldAsync(new GetWorldRequest { WorldId = worldId }, caller.ToMetadata(), time.GetUtcNow().UtcDateTime + options.Timeout, cancellation);
    }

    /// <summary>What of a request a token allows. A request may ask for less than the token, never for something else.</summary>
    private static StreamGrant Narrow(EventToken token, StreamRequest request)
    {
        var grant = token.Grant;
        if (request.WorldId.Length > 0 && !string.Equals(request.WorldId, grant.WorldId, StringComparison.Ordinal))
            throw RefusalException.At(ReasonCodes.PermissionDenied, "/world_id", $"The token is for another world than \"{request.WorldId}\"; ask for one with POST /events/subscribe.");
        if (grant.StrategyId.Length > 0 && request.StrategyId.Length > 0 && !string.Equals(request.StrategyId, grant.StrategyId, StringComparison.Ordinal))
            throw RefusalException.At(ReasonCodes.PermissionDenied, "/strategy_id", $"The token is for another strategy than \"{request.StrategyId}\"; ask for one with POST /events/subscribe.");
        var topics = EventTopics.Normalise(request.Topics).Intersect(grant.Topics, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        return new StreamGrant(EventFilter.Of(topics, grant.WorldId, grant.StrategyId.Length > 0 ? grant.StrategyId : request.StrategyId), token.ExpiresAt + EventTokens.Skew);
    }
}
