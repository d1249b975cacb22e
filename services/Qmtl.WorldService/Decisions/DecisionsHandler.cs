using System.Diagnostics;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Decisions;

/// <summary>Reads and sets the active strategies, and decides.</summary>
internal sealed class DecisionsHandler(IDatabase database, WorldWriter writer, DecisionCache cache, WorldMetrics metrics, TimeProvider clock)
{
    public async Task<DecisionEnvelope> DecideAsync(DecideRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var started = clock.GetTimestamp();
        if (request.AsOf is { } asOf && (asOf.Nanos is < 0 or > 999_999_999)) throw Refuse.Field("/as_of", "must be an RFC 3339 time");
        var held = await cache.ReadAsync(request.WorldId, cancellationToken);
        var envelope = request.AsOf is null && held.Settled is { } settled
            ? settled
            : DecisionEnvelopes.Of(held.Inputs, Decision.Decide(held.Inputs, request.AsOf?.ToDateTimeOffset(), clock.GetUtcNow()));
        Activity.Current?.SetTag("world_id", request.WorldId).SetTag("effective_mode", envelope.EffectiveMode);
        metrics.Decided(clock.GetElapsedTime(started));
        return envelope;
    }

    public async Task<DecisionsResponse> GetAsync(GetDecisionsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return await database.ReadAsync(async session => await RespondAsync(session, await WorldStore.GetAsync(session, request.WorldId)), cancellationToken);
    }

    public Task<DecisionsResponse> SetAsync(SetDecisionsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        for (var i = 0; i < request.Strategies.Count; i++) StrategyIds.Check(request.Strategies[i], $"/strategies/{i}");
        var active = request.Strategies.Distinct(StringComparer.Ordinal).ToArray();
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                await CheckBoundAsync(change.Unit, request);
                if (await DecisionStore.ReplaceAsync(change.Unit, request.WorldId, active)) change.AffectsDecision();
                var world = await WorldStore.GetAsync(change.Unit, request.WorldId);
                var response = await RespondAsync(change.Unit, world);
                await change.AuditAsync("decisions_set", request, response);
                return response;
            },
            cancellationToken);
    }

    /// <summary>The version of an active set: equal for equal sets.</summary>
    public static string EtagOf(string worldId, IReadOnlyList<string> active) => $"dec:{worldId}:{Blake3.HashHex(Encoding.UTF8.GetBytes(string.Join('\u001f', active)))[..16]}";

    /// <summary>Nothing that does not belong to the world becomes active in it.</summary>
    private static async Task CheckBoundAsync(ISession session, SetDecisionsRequest request)
    {
        var bound = (await BindingStore.ListAsync(session, request.WorldId)).Select(row => row.StrategyId).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < request.Strategies.Count; i++)
        {
            if (!bound.Contains(request.Strategies[i])) throw Refuse.Field($"/strategies/{i}", $"names '{request.Strategies[i]}', which is not bound to world '{request.WorldId}'; bind it with POST /worlds/{request.WorldId}/bindings");
        }
    }

    private static async Task<DecisionsResponse> RespondAsync(ISession session, WorldRow world)
    {
        var active = await DecisionStore.ActiveAsync(session, world.WorldId);
        var response = new DecisionsResponse
        {
            WorldId = world.WorldId,
            Etag = EtagOf(world.WorldId, active),
            UpdatedAt = world.DecisionsAt is { } at ? Timestamp.FromDateTimeOffset(at) : null,
        };
        response.Strategies.Add(active);
        return response;
    }
}

/// <summary>What a strategy may be called.</summary>
internal static class StrategyIds
{
    public const int MaxLength = 200;

    public static bool IsValid(string id)
    {
        if (id.Length is 0 or > MaxLength) return false;
        foreach (var c in id)
        {
            if (char.IsControl(c) || c is ' ' or '/') return false;
        }

        return true;
    }

    public static void Check(string id, string pointer) => Check(id, pointer, "a strategy id");

    internal static void Check(string id, string pointer, string what)
    {
        if (!IsValid(id)) throw Refuse.Field(pointer, $"must be {what} of 1 to {MaxLength} characters without blanks and '/', was '{(id.Length <= 40 ? id : id[..40] + "...")}'");
    }
}

/// <summary>What a run may be called.</summary>
internal static class RunIds
{
    public static void Check(string id, string pointer) => StrategyIds.Check(id, pointer, "a run id");
}
