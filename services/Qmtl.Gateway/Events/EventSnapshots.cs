using Google.Protobuf;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.Messaging.Topics;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>A tag query whose queues a subscriber begins with.</summary>
internal sealed record TagQuery(IReadOnlyList<string> Tags, int Interval, string MatchMode);

/// <summary>The state a subscriber begins with, so that it need not wait for the next change.</summary>
internal sealed class EventSnapshots(
    WorldService.WorldServiceClient worlds, V1.DagManager.DagManagerClient graph, WorldServiceCaller caller, WorldServiceOptions options, TimeProvider time)
{
    private static readonly string[] Sides = ["long", "short"];

    /// <summary>
    /// The queues of a tag query, the activation of a strategy (both sides) or of a world, and the state hash of the policies. What cannot be read
    /// is left out: absent means closed.
    /// </summary>
    public async Task<IReadOnlyList<HubEvent>> ReadAsync(EventFilter filter, TagQuery? query, bool withActivation, CancellationToken cancellation)
    {
        var events = new List<HubEvent>();
        if (query is not null && filter.Topics.Contains(TopicCatalog.Queue)) await AddQueuesAsync(events, filter, query, cancellation);
        if (filter.World is not { } world) return events;
        if (withActivation && filter.Topics.Contains(TopicCatalog.Activation)) await AddActivationAsync(events, world, filter.StrategyId, cancellation);
        if (!filter.Topics.Contains(TopicCatalog.Policy)) return events;
        var request = new GetStateHashRequest { WorldId = world, Topic = TopicCatalog.Policy };
        if (await TryAsync((deadline, token) => worlds.GetStateHashAsync(request, deadline: deadline, cancellationToken: token).ResponseAsync, cancellation) is { } hash)
            Add(events, TopicCatalog.Policy, "policy_state_hash", new PolicyStateHash { Version = 1, WorldId = world, StateHash = hash.StateHash_ });
        return events;
    }

    private async Task AddActivationAsync(List<HubEvent> events, string world, string strategy, CancellationToken cancellation)
    {
        var request = new ListActivationsRequest { WorldId = world };
        if (await TryAsync((deadline, token) => worlds.ListActivationsAsync(request, deadline: deadline, cancellationToken: token).ResponseAsync, cancellation) is not { } state) return;
        foreach (var entry in state.Entries.Where(entry => strategy.Length == 0 || string.Equals(entry.StrategyId, strategy, StringComparison.Ordinal)))
            Add(events, TopicCatalog.Activation, ActivationFrames.ActivationUpdated, entry.ToUpdate());
        if (strategy.Length == 0) return;
        foreach (var side in Sides.Where(side => events.TrueForAll(known => known.Entry?.Side != side)))
            Add(events, TopicCatalog.Activation, ActivationFrames.ActivationUpdated, ActivationFrames.Unset(world, strategy, side, time.GetUtcNow()));
    }

    private async Task AddQueuesAsync(List<HubEvent> events, EventFilter filter, TagQuery query, CancellationToken cancellation)
    {
        var request = new GetQueuesRequest { Tags = { query.Tags }, Interval = query.Interval, MatchMode = query.MatchMode, WorldId = filter.World ?? "" };
        GetQueuesResponse found;
        try
        {
            found = await graph.GetQueuesAsync(request, deadline: time.GetUtcNow().UtcDateTime + options.Timeout, cancellationToken: cancellation);
        }
        catch (Exception problem) when (WorldServiceBreaker.IsOutage(problem) && !cancellation.IsCancellationRequested)
        {
            return;
        }

        var update = new QueueUpdated
        {
            Version = 1,
            Tags = { query.Tags.Order(StringComparer.Ordinal) },
            Interval = query.Interval,
            MatchMode = query.MatchMode.Length == 0 ? "any" : query.MatchMode,
            Queues = { found.Queues },
            WorldId = filter.World,
            Ts = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(time.GetUtcNow()),
        };
        Add(events, TopicCatalog.Queue, "queue_updated", update);
    }

    private async Task<T?> TryAsync<T>(Func<DateTime, CancellationToken, Task<T>> call, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await caller.TryAsync(call, cancellation);
        }
        catch (RefusalException refusal) when (refusal.Code.HttpStatus == 404)
        {
            return null;
        }
    }

    private void Add(List<HubEvent> events, string topic, string type, IMessage payload) => events.Add(new HubEvent(topic, ActivationFrames.Frame(type, payload, time.GetUtcNow())));
}
