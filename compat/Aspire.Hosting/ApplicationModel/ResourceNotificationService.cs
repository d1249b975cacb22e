using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The states of a resource.</summary>
public static class KnownResourceStates
{
    /// <summary>It has not been started.</summary>
    public static readonly string NotStarted = "NotStarted";

    /// <summary>It waits for others.</summary>
    public static readonly string Waiting = "Waiting";

    /// <summary>It is being started.</summary>
    public static readonly string Starting = "Starting";

    /// <summary>It runs.</summary>
    public static readonly string Running = "Running";

    /// <summary>It could not be started.</summary>
    public static readonly string FailedToStart = "FailedToStart";

    /// <summary>It is being stopped.</summary>
    public static readonly string Stopping = "Stopping";

    /// <summary>It ended with an exit code other than 0.</summary>
    public static readonly string Exited = "Exited";

    /// <summary>It ended with exit code 0.</summary>
    public static readonly string Finished = "Finished";

    /// <summary>The states nothing follows.</summary>
    public static readonly IReadOnlyList<string> TerminalStates = [Finished, FailedToStart, Exited];
}

/// <summary>The name of a state.</summary>
public sealed record ResourceStateSnapshot(string Text, string? Style)
{
    /// <summary>A state without a style.</summary>
    public static implicit operator ResourceStateSnapshot?(string? text) => text is null ? null : new ResourceStateSnapshot(text, null);
}

/// <summary>What is known of a resource at a moment.</summary>
public sealed record CustomResourceSnapshot
{
    /// <summary>The kind of resource.</summary>
    public required string ResourceType { get; init; }

    /// <summary>Its state.</summary>
    public ResourceStateSnapshot? State { get; init; }

    /// <summary>How it ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Whether it is well; null while that is not known.</summary>
    public HealthStatus? HealthStatus { get; internal init; }

    /// <summary>Why it is in this state, as a sentence.</summary>
    internal string? Reason { get; init; }

    internal bool IsTerminal => State is { } state && KnownResourceStates.TerminalStates.Contains(state.Text);
}

/// <summary>A change of a resource.</summary>
public class ResourceEvent(IResource resource, string resourceId, CustomResourceSnapshot snapshot)
{
    /// <summary>The resource.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>What tells it from others.</summary>
    public string ResourceId { get; } = resourceId;

    /// <summary>What is known of it now.</summary>
    public CustomResourceSnapshot Snapshot { get; } = snapshot;
}

/// <summary>Tells how the resources of the application are.</summary>
public class ResourceNotificationService
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ResourceEvent> _current = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Channel<ResourceEvent>> _watchers = [];

    /// <summary>Changes what is known of a resource.</summary>
    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(stateFactory);
        lock (_gate)
        {
            var before = _current.TryGetValue(resource.Name, out var known) ? known.Snapshot : new CustomResourceSnapshot { ResourceType = resource.GetType().Name };
            var change = new ResourceEvent(resource, resource.Name, stateFactory(before));
            _current[resource.Name] = change;
            foreach (var watcher in _watchers) watcher.Writer.TryWrite(change);
        }

        return Task.CompletedTask;
    }

    /// <summary>What is known of a resource now.</summary>
    public bool TryGetCurrentState(string resourceId, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (_gate) return _current.TryGetValue(resourceId, out resourceEvent);
    }

    /// <summary>What is known now, and every change from now on.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var watcher = Channel.CreateUnbounded<ResourceEvent>(new UnboundedChannelOptions { SingleReader = true });
        lock (_gate)
        {
            foreach (var known in _current.Values) watcher.Writer.TryWrite(known);
            _watchers.Add(watcher);
        }

        try
        {
            await foreach (var change in watcher.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false)) yield return change;
        }
        finally
        {
            lock (_gate) _watchers.Remove(watcher);
        }
    }

    /// <summary>Waits for a state.</summary>
    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    /// <summary>Waits for one of several states and says which it was.</summary>
    public async Task<string> WaitForResourceAsync(string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        var wanted = targetStates.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var reached = await WaitForResourceAsync(resourceName, e => e.Snapshot.State is { } state && wanted.Contains(state.Text), cancellationToken).ConfigureAwait(false);
        return reached.Snapshot.State!.Text;
    }

    /// <summary>Waits for a condition.</summary>
    public async Task<ResourceEvent> WaitForResourceAsync(string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var change in WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (string.Equals(change.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase) && predicate(change)) return change;
        }

        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Waits until a resource is healthy, or throws when it cannot become so.</summary>
    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceHealthyAsync(resourceName, WaitBehavior.StopOnResourceUnavailable, cancellationToken);

    /// <summary>Waits until a resource is healthy.</summary>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, WaitBehavior waitBehavior, CancellationToken cancellationToken = default)
    {
        var reached = await WaitForResourceAsync(
            resourceName,
            e => e.Snapshot.HealthStatus is HealthStatus.Healthy || (waitBehavior is WaitBehavior.StopOnResourceUnavailable && e.Snapshot.IsTerminal),
            cancellationToken).ConfigureAwait(false);
        return reached.Snapshot.HealthStatus is HealthStatus.Healthy
            ? reached
            : throw new DistributedApplicationException($"Resource '{resourceName}' will not become healthy: {reached.Snapshot.Reason ?? reached.Snapshot.State?.Text}.");
    }
}
