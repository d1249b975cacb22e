using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Worlds;

/// <summary>Creates, reads, changes and deletes worlds.</summary>
internal sealed class WorldsHandler(
    IDatabase database, WorldWriter writer, PolicyStore policies, PoliciesHandler uploads, DecisionStore decisions, ActivationTable activation)
{
    public async Task<World> CreateAsync(CreateWorldRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(WorldRules.IdOf(request), WorldRole.Owner);
        return await database.WriteAsync(
            async unit =>
            {
                var world = WorldRules.Create(request, caller.Subject, unit.Now);
                await unit.LockAsync("world:" + world.WorldId);
                if (await WorldStore.FindAsync(unit, world.WorldId) is { } existing) throw Exists(existing);
                await WorldStore.InsertAsync(unit, world);
                await EdgeStore.InsertDefaultAsync(unit, world.WorldId);
                await unit.AuditAsync(new Storage.Audit.AuditEntry(caller.Subject, "world_created")
                {
                    WorldId = world.WorldId,
                    CorrelationId = caller.CorrelationId,
                    Request = Json.Write(request),
                    Result = Json.Write(world.ToMessage()),
                });
                if (request.Policy.Length > 0) world = await AddPolicyAsync(unit, world, request.Policy, caller);
                return world.ToMessage();
            },
            cancellationToken);
    }

    public async Task<ListWorldsResponse> ListAsync(ListWorldsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.State is not ("" or WorldStates.Active or WorldStates.Suspended or WorldStates.Deleted)) throw Refuse.Field("/state", $"must be ACTIVE, SUSPENDED or DELETED, was '{request.State}'");
        var limit = Refuse.Limit(request.Limit, 100, 500);
        var response = new ListWorldsResponse();
        var after = request.PageToken;
        for (var more = true; more && response.Worlds.Count < limit;)
        {
            var from = after;
            var rows = await database.ReadAsync(session => WorldStore.ListAsync(session, request.State, from, limit), cancellationToken);
            more = rows.Count == limit;
            foreach (var row in rows)
            {
                if (response.Worlds.Count == limit) break;
                after = row.WorldId;
                if (Visible(row, request.Label, caller)) response.Worlds.Add(row.ToMessage());
            }
        }

        if (response.Worlds.Count == limit) response.NextPageToken = after;
        return response;
    }

    public Task<World> GetAsync(GetWorldRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(async session => (await WorldStore.GetAsync(session, request.WorldId)).ToMessage(), cancellationToken);
    }

    public Task<WorldDescription> DescribeAsync(GetWorldRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(session => DescribeAsync(session, request.WorldId), cancellationToken);
    }

    public Task<World> UpdateAsync(UpdateWorldRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Owner);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                CheckEtag(change.World, request.Etag);
                var updated = await WorldStore.UpdateAsync(change.Unit, WorldRules.Apply(change.World, request, change.Unit.Now));
                change.AffectsDecision();
                var message = updated.ToMessage();
                await change.AuditAsync("world_updated", request, message);
                return message;
            },
            cancellationToken);
    }

    public async Task<Empty> DeleteAsync(DeleteWorldRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Owner);
        await writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                CheckEtag(change.World, request.Etag);

                // Entries go inactive first, so that consumers close their gates before the world is gone.
                await DecisionStore.ReplaceAsync(change.Unit, request.WorldId, []);
                await ActivationReconciler.SaveAsync(change, await ActivationStore.ListAsync(change.Unit, request.WorldId), await ClosedAsync(change));
                await StageStore.ClearAsync(change.Unit, request.WorldId);
                await ActivationReconciler.CloseLiveEdgesAsync(change);
                var deleted = await WorldStore.UpdateAsync(change.Unit, change.World with { State = WorldStates.Deleted });
                await change.AuditAsync("world_deleted", request, null);
                await ActivationReconciler.AnnounceAsync(change, deleted, EffectiveMode.Validate, "world_deleted", "");
                return true;
            },
            cancellationToken);
        await activation.ForgetAsync(request.WorldId);
        return new Empty();
    }

    /// <summary>With the world or not at all: a refused policy must not leave a world that nobody can evaluate in.</summary>
    private async Task<WorldRow> AddPolicyAsync(IUnitOfWork unit, WorldRow world, string document, Caller caller)
    {
        var policy = uploads.Read(System.Text.Encoding.UTF8.GetBytes(document), contentType: null, world.WorldId);
        await PoliciesHandler.InsertAsync(new WorldChange(unit, world, caller, await decisions.LoadAsync(unit, world)), policy);
        return await WorldStore.GetAsync(unit, world.WorldId);
    }

    private async Task<WorldDescription> DescribeAsync(ISession session, string worldId)
    {
        var world = await WorldStore.GetAsync(session, worldId);
        var description = new WorldDescription { World = world.ToMessage(), BindingCount = (await BindingStore.ListAsync(session, worldId)).Count };
        description.Active.Add(await DecisionStore.ActiveAsync(session, worldId));
        if (await PolicyStore.FindAsync(session, worldId, world.DefaultPolicyVersion) is not { } policy) return description;
        description.Policy = Struct.Parser.ParseJson(policy.Payload);
        description.PolicyPreset = policy.Preset;
        description.PolicyPresetMode = policy.PresetMode;
        description.PolicyPresetVersion = policy.PresetVersion;
        description.PolicyOverrides.Add(policy.ReadOverrides());
        description.PolicyHuman = PolicySummary.Write(policies.Read(policy));
        return description;
    }

    private static async Task<IReadOnlyList<ActivationEntry>> ClosedAsync(WorldChange change)
    {
        var entries = await ActivationStore.ListAsync(change.Unit, change.World.WorldId);
        return [.. entries.Select(entry => entry with
        {
            Active = false, Freeze = true, EffectiveMode = EffectiveMode.Validate.ToToken(), RunId = null, Ts = change.Unit.Now, EntryVersion = entry.EntryVersion + 1,
        })];
    }

    private static bool Visible(WorldRow row, string label, Caller caller)
    {
        if (label.Length > 0 && !JsonSerializer.Deserialize<string[]>(row.Labels)!.Contains(label, StringComparer.Ordinal)) return false;
        return caller.Allows(row.WorldId, WorldRole.Reader);
    }

    private static void CheckEtag(WorldRow world, string etag)
    {
        if (etag.Length > 0 && !string.Equals(etag, world.Etag, StringComparison.Ordinal)) throw Refuse.EtagConflict($"World '{world.WorldId}'", etag, world.Etag);
    }

    private static RefusalException Exists(WorldRow world) => new(
        ReasonCodes.WorldExists,
        string.Equals(world.State, WorldStates.Deleted, StringComparison.Ordinal)
            ? $"World '{world.WorldId}' was deleted, and its id stays taken so that its audit stays its own. Choose another id."
            : $"World '{world.WorldId}' exists. Choose another id, or change it with PUT /worlds/{world.WorldId}.");
}
