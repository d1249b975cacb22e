using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Policies;

/// <summary>Uploads, lists and puts policies in force.</summary>
internal sealed class PoliciesHandler(IDatabase database, WorldWriter writer, PolicyLoader loader, PolicyStore store)
{
    public Task<CreatePolicyResponse> CreateAsync(CreatePolicyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Owner);
        var row = Read((request.Document?.Data ?? ByteString.Empty).Span, request.Document?.ContentType, request.WorldId);
        return writer.ChangeAsync(request.WorldId, caller, change => InsertAsync(change, row), cancellationToken);
    }

    /// <summary>An upload as the row it becomes, still without its version.</summary>
    /// <exception cref="RefusalException">The document is no valid policy of the world.</exception>
    public PolicyRow Read(ReadOnlySpan<byte> body, string? contentType, string worldId)
    {
        var loaded = Load(body, contentType, worldId);
        return new PolicyRow
        {
            WorldId = worldId,
            Source = Encoding.UTF8.GetString(body),
            Payload = loaded.Canonical,
            Checksum = "sha256:" + ContentHash.Sha256Hex(loaded.Canonical),
            Preset = loaded.Preset ?? "",
            PresetMode = loaded.PresetMode ?? "",
            PresetVersion = loaded.PresetVersion ?? "",
            Overrides = JsonSerializer.Serialize(loaded.Overrides),
        };
    }

    public Task<ListPoliciesResponse> ListAsync(ListPoliciesRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                var world = await WorldStore.GetAsync(session, request.WorldId);
                var response = new ListPoliciesResponse { DefaultPolicyVersion = world.DefaultPolicyVersion };
                foreach (var row in await PolicyStore.ListAsync(session, request.WorldId)) response.Policies.Add(row.ToMessage(store.Read(row), world.DefaultPolicyVersion));
                return response;
            },
            cancellationToken);
    }

    public Task<WorldPolicy> GetAsync(GetPolicyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                var world = await WorldStore.GetAsync(session, request.WorldId);
                var row = await PolicyStore.FindAsync(session, request.WorldId, request.Version) ?? throw Unknown(request.WorldId, request.Version);
                return row.ToMessage(store.Read(row), world.DefaultPolicyVersion);
            },
            cancellationToken);
    }

    public Task<SetDefaultPolicyResponse> SetDefaultAsync(SetDefaultPolicyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Owner);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var row = await PolicyStore.FindAsync(change.Unit, request.WorldId, request.Version) ?? throw Unknown(request.WorldId, request.Version);
                var previous = change.World.DefaultPolicyVersion;
                var response = new SetDefaultPolicyResponse { WorldId = request.WorldId, Version = request.Version, PreviousVersion = previous };
                if (previous == request.Version) return response;
                if (previous > 0) await PolicyStore.SetStatusAsync(change.Unit, request.WorldId, previous, PolicyStatuses.Deprecated);
                await PutInForceAsync(change, row);
                await change.AuditAsync("policy_default_set", request, response);
                return response;
            },
            cancellationToken);
    }

    /// <summary>Understands an upload, or refuses it with every problem and its place.</summary>
    public LoadedPolicy Load(ReadOnlySpan<byte> body, string? contentType, string worldId)
    {
        var load = loader.Load(body, contentType);
        if (load.Policy is { } policy)
        {
            if (policy.Document.World is { } named && !string.Equals(named, worldId, StringComparison.Ordinal))
            {
                throw Refuse.Field(ReasonCodes.PolicyInvalid, "/world", $"the policy is for world '{named}' and was uploaded to '{worldId}'");
            }

            return policy;
        }

        var first = load.Problems[0];
        var more = load.Problems.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (and {load.Problems.Count - 1} more)");
        throw new RefusalException(
            ReasonCodes.PolicyInvalid,
            $"The policy was not accepted: {(first.Pointer.Length == 0 ? "" : first.Pointer + ", ")}{Sentence.End(first.Message + more)}",
            [.. load.Problems.Select(problem => new FieldError(problem.Pointer, problem.Message))]);
    }

    /// <summary>Adds a policy as the world's next version; the first is in force at once.</summary>
    public static async Task<CreatePolicyResponse> InsertAsync(WorldChange change, PolicyRow row)
    {
        var first = change.World.DefaultPolicyVersion == 0;
        var policy = row with
        {
            Version = await PolicyStore.NextVersionAsync(change.Unit, row.WorldId),
            Status = first ? PolicyStatuses.Active : PolicyStatuses.Draft,
            CreatedAt = change.Unit.Now,
        };
        await PolicyStore.InsertAsync(change.Unit, policy);
        var response = new CreatePolicyResponse { WorldId = policy.WorldId, Version = policy.Version, Checksum = policy.Checksum, IsDefault = first };
        if (first) await PutInForceAsync(change, policy);
        else await PublishAsync(change, policy);
        await change.AuditAsync("policy_created", Struct.Parser.ParseJson(policy.Payload), response);
        return response;
    }

    private static async Task PutInForceAsync(WorldChange change, PolicyRow policy)
    {
        await PolicyStore.SetStatusAsync(change.Unit, policy.WorldId, policy.Version, PolicyStatuses.Active);
        await WorldStore.UpdateAsync(change.Unit, change.World with { DefaultPolicyVersion = policy.Version });
        await PublishAsync(change, policy with { Status = PolicyStatuses.Active });
        await change.PublishAsync("validation_profile_changed", new ValidationProfileChanged
        {
            Version = 1,
            WorldId = policy.WorldId,
            PolicyVersion = policy.Version,
            Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
        });
        change.AffectsDecision();
    }

    private static ValueTask PublishAsync(WorldChange change, PolicyRow policy) => change.PublishAsync("policy_updated", new PolicyUpdated
    {
        Version = 1,
        WorldId = policy.WorldId,
        PolicyVersion = policy.Version,
        Checksum = policy.Checksum,
        Status = policy.Status,
        Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
    });

    private static RefusalException Unknown(string worldId, int version) =>
        new(ReasonCodes.PolicyUnknown, string.Create(CultureInfo.InvariantCulture, $"World '{worldId}' has no policy version {version}; list its versions with GET /worlds/{worldId}/policies."));
}
