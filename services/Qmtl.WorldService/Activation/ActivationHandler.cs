using System.Globalization;
using System.Text;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.History;
using Qmtl.WorldService.Worlds;
using StateHash = Qmtl.V1.StateHash;

namespace Qmtl.WorldService.Activation;

/// <summary>Reads and sets activation entries.</summary>
internal sealed class ActivationHandler(IDatabase database, WorldWriter writer, ActivationTable table)
{
    public async Task<ActivationEnvelope> GetAsync(GetActivationRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        StrategyIds.Check(request.StrategyId, "/strategy_id");
        var side = ActivationRules.ParseSide(request.Side);
        var entries = await table.ListAsync(request.WorldId, cancellationToken);
        var report = await database.ReadAsync(session => HistoryStore.LatestAsync(session, request.WorldId, request.StrategyId), cancellationToken);
        var entry = entries.FirstOrDefault(entry => string.Equals(entry.StrategyId, request.StrategyId, StringComparison.Ordinal) && string.Equals(entry.Side, side, StringComparison.Ordinal))
            ?? throw new RefusalException(
                ReasonCodes.ActivationUnknown,
                $"World '{request.WorldId}' has no activation for the {side} side of '{request.StrategyId}': it was never active there. Treat the order gate as CLOSED.");
        var envelope = entry.ToEnvelope(ActivationStore.HashOf(request.WorldId, entries));
        Pin(envelope, report);
        return envelope;
    }

    /// <summary>All entries at one moment, from the store itself: who asks has missed something, and a copy may have missed it too.</summary>
    public async Task<ListActivationsResponse> ListAsync(ListActivationsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var entries = await database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                return await ActivationStore.ListAsync(session, request.WorldId);
            },
            cancellationToken);
        var hash = ActivationStore.HashOf(request.WorldId, entries);
        var response = new ListActivationsResponse { WorldId = request.WorldId, StateHash = hash };
        response.Entries.AddRange(entries.Select(entry => entry.ToEnvelope(hash)));
        return response;
    }

    public Task<ActivationEnvelope> PutAsync(PutActivationRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        StrategyIds.Check(request.StrategyId, "/strategy_id");
        var side = ActivationRules.ParseSide(request.Side);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var grant = new ActivationGrant(
                    Decision.Decide(change.Before, null, change.Unit.Now).Mode, change.Before.StageOf(request.StrategyId), change.World.AllowLive, change.World.CircuitBreaker);
                var current = await ActivationStore.FindAsync(change.Unit, request.WorldId, request.StrategyId, side);
                if (current is null || ActivationRules.Opens(request)) await BindingStore.RequireAsync(change.Unit, request.WorldId, request.StrategyId);
                var entry = ActivationRules.Put(current, request, grant, change.Unit.Now);
                var entries = await ActivationStore.ListAsync(change.Unit, request.WorldId);
                await change.AuditAsync("activation_put", request, null);
                entry = (await ActivationReconciler.SaveAsync(change, entries, [entry]))[0];
                var after = entries.Where(other => !(string.Equals(other.StrategyId, entry.StrategyId, StringComparison.Ordinal) && string.Equals(other.Side, side, StringComparison.Ordinal))).Append(entry);
                var envelope = entry.ToEnvelope(ActivationStore.HashOf(request.WorldId, after));
                Pin(envelope, await HistoryStore.LatestAsync(change.Unit, request.WorldId, request.StrategyId));
                return envelope;
            },
            cancellationToken);
    }

    /// <summary>Says which data the strategy stands on. A report without a fingerprint pins nothing: nobody could tell that data from other data.</summary>
    private static void Pin(ActivationEnvelope envelope, HistoryReport? report)
    {
        if (report is null || string.IsNullOrEmpty(report.DatasetFingerprint)) return;
        envelope.AsOf = report.AsOf;
        envelope.DatasetFingerprint = report.DatasetFingerprint;
    }

    public Task<StateHash> GetStateHashAsync(GetStateHashRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return request.Topic switch
        {
            "activation" => ActivationHashAsync(request.WorldId, cancellationToken),
            "policy" => PolicyHashAsync(request.WorldId, cancellationToken),
            _ => throw Refuse.Field(ReasonCodes.UnknownTopic, "/topic", $"must be activation or policy, was '{request.Topic}'"),
        };
    }

    private async Task<StateHash> ActivationHashAsync(string worldId, CancellationToken cancellationToken)
    {
        var entries = await table.ListAsync(worldId, cancellationToken);
        return new StateHash
        {
            WorldId = worldId,
            Topic = "activation",
            StateHash_ = ActivationStore.HashOf(worldId, entries),
            Etag = entries.MaxBy(entry => entry.Ts)?.Etag,
            Count = entries.Count,
        };
    }

    private Task<StateHash> PolicyHashAsync(string worldId, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            var world = await WorldStore.GetAsync(session, worldId);
            var version = world.DefaultPolicyVersion;
            var checksum = await session.ScalarAsync<string>("SELECT checksum FROM ws_policies WHERE world_id = @worldId AND version = @version", new { worldId, version }) ?? "";
            return new StateHash
            {
                WorldId = worldId,
                Topic = "policy",
                StateHash_ = NodeId.Prefix + Blake3.HashHex(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{worldId}\n{version}\n{checksum}"))),
                Etag = version == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"pol:{worldId}:{version}"),
                Count = version == 0 ? 0 : 1,
            };
        },
        cancellationToken);
}
