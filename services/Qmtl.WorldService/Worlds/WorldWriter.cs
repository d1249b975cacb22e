using Google.Protobuf;
using Qmtl.Messaging.Events;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Telemetry;

namespace Qmtl.WorldService.Worlds;

/// <summary>One change to one world, while its lock is held.</summary>
internal sealed class WorldChange(IUnitOfWork unit, WorldRow world, Caller caller, DecisionInputs before)
{
    private const string Source = "qmtl.services.worldservice";

    public IUnitOfWork Unit { get; } = unit;

    /// <summary>The world as it was when the change began.</summary>
    public WorldRow World { get; } = world;

    /// <summary>Who it is audited for.</summary>
    public Caller Caller { get; set; } = caller;

    /// <summary>What the decision rested on when the change began.</summary>
    public DecisionInputs Before { get; } = before;

    /// <summary>Activation entries that the change wrote.</summary>
    public List<ActivationEntry> Activated { get; } = [];

    /// <summary>Whether entries written by this change are held closed by an apply.</summary>
    public bool Held { get; set; } = world.FrozenBy is not null;

    public bool MustReconcile { get; private set; }

    public string? RunId { get; private set; }

    /// <summary>Says that the decision may differ from now on, so that activation has to follow it before the commit.</summary>
    public void AffectsDecision(string? runId = null)
    {
        MustReconcile = true;
        RunId ??= runId;
    }

    /// <summary>Says that activation follows the decision already.</summary>
    public void Reconciled() => MustReconcile = false;

    public ValueTask AuditAsync(string name, IMessage? request, IMessage? result, string? stage = null) => Unit.AuditAsync(
        new AuditEntry(Caller.Subject, name)
        {
            WorldId = World.WorldId,
            CorrelationId = Caller.CorrelationId,
            Stage = stage,
            Request = Json.WriteOptional(request),
            Result = Json.WriteOptional(result),
        });

    public async ValueTask PublishAsync(string type, IMessage data) =>
        await Unit.AppendAsync(ControlEvent.FromJson(type, Source, Json.Write(data), Caller.CorrelationId).ToMessage(Unit.Now));
}

/// <summary>
/// The one way a world changes: under its lock, with the activation brought in line with the decision, rows, audit and events in
/// one transaction, and the fast table told after the commit.
/// </summary>
internal sealed class WorldWriter(IDatabase database, DecisionStore decisions, ActivationReconciler reconciler, ActivationTable table, DecisionCache cache, WorldMetrics metrics)
{
    public Task<T> ChangeAsync<T>(string worldId, Caller caller, Func<WorldChange, Task<T>> change, CancellationToken cancellationToken) =>
        ChangeManyAsync([worldId], caller, changes => change(changes[0]), cancellationToken);

    /// <summary>One change over several worlds, which stand in it by id: that is also the order of their locks, so that no two changes wait for each other.</summary>
    public async Task<T> ChangeManyAsync<T>(
        IReadOnlyCollection<string> worldIds, Caller caller, Func<IReadOnlyList<WorldChange>, Task<T>> change, CancellationToken cancellationToken)
    {
        List<WorldChange> committed = [];
        try
        {
            var result = await database.WriteAsync(
                async unit =>
                {
                    var scopes = new List<WorldChange>(worldIds.Count);
                    foreach (var worldId in worldIds.Order(StringComparer.Ordinal))
                    {
                        var world = await WorldStore.LockAsync(unit, worldId);
                        scopes.Add(new WorldChange(unit, world, caller, await decisions.LoadAsync(unit, world)));
                    }

                    var answer = await change(scopes);
                    foreach (var scope in scopes.Where(scope => scope.MustReconcile)) await reconciler.ReconcileAsync(scope);
                    committed = scopes;
                    return answer;
                },
                cancellationToken);
            foreach (var scope in committed) await table.PutAsync(scope.World.WorldId, scope.Activated);
            return result;
        }
        catch (StorageException)
        {
            foreach (var worldId in worldIds) table.Recheck(worldId);
            metrics.WriteFailed();
            throw;
        }
        finally
        {
            // Also after a failure: the commit may have gone through although its answer was lost.
            foreach (var worldId in worldIds) cache.Invalidate(worldId);
        }
    }
}
