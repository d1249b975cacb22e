using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Running;

/// <summary>Starts the resources of the application and stops them, dependants first.</summary>
internal sealed partial class ApplicationRunner(
    DistributedApplicationModel model,
    ResourceLauncher launcher,
    ResourceNotificationService notifications,
    HealthCheckService health,
    ResourceConsole console,
    TelemetryReceiver telemetry,
    TimeProvider time,
    ILogger<DistributedApplication> log) : IHostedService, IAsyncDisposable
{
    private readonly List<ResourceRun> _runs = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Starting(log);
        RefuseCycles();
        foreach (var (endpoint, _) in Http2Endpoints()) endpoint.Transport = "http2";
        EndpointAllocator.Allocate(model.Resources);
        DataFolders.RemoveAbandoned();
        await telemetry.LookAsync(cancellationToken).ConfigureAwait(false);
        console.Expect(model.Resources.Where(ResourceLauncher.IsProcess).Select(resource => resource.Name));
        foreach (var resource in model.Resources)
        {
            await notifications.PublishUpdateAsync(resource, snapshot => snapshot with { State = KnownResourceStates.NotStarted }).ConfigureAwait(false);
        }

        _runs.AddRange(model.Resources.Select(resource => new ResourceRun(resource, launcher, notifications, health, console, time)));
        foreach (var run in _runs) run.Begin();
        Started(log);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var stops = new Dictionary<IResource, Lazy<Task>>();
        foreach (var run in _runs) stops[run.Resource] = new Lazy<Task>(() => StopAfterDependantsAsync(run, stops));
        await Task.WhenAll(stops.Values.Select(stop => stop.Value)).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var run in _runs) await run.DisposeAsync().ConfigureAwait(false);
    }

    private async Task StopAfterDependantsAsync(ResourceRun run, Dictionary<IResource, Lazy<Task>> stops)
    {
        var dependants = _runs.Where(other => DependsOn(other.Resource).Contains(run.Resource)).Select(other => stops[other.Resource].Value);
        await Task.WhenAll(dependants).ConfigureAwait(false);
        await run.StopAsync().ConfigureAwait(false);
    }

    /// <summary>Resources that wait for each other would wait for ever.</summary>
    private void RefuseCycles()
    {
        var done = new HashSet<IResource>();
        var path = new List<IResource>();
        foreach (var resource in model.Resources) Visit(resource);

        void Visit(IResource resource)
        {
            var start = path.IndexOf(resource);
            if (start >= 0)
            {
                var cycle = string.Join(" -> ", path.Skip(start).Append(resource).Select(member => member.Name));
                throw new DistributedApplicationException($"Nothing was started: resources wait for each other: {cycle}.");
            }

            if (!done.Add(resource)) return;
            path.Add(resource);
            foreach (var other in DependsOn(resource)) Visit(other);
            path.RemoveAt(path.Count - 1);
        }
    }

    private static IEnumerable<IResource> DependsOn(IResource resource)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource);
        return resource is IResourceWithParent child ? waits.Append(child.Parent) : waits;
    }

    private IEnumerable<(EndpointAnnotation Endpoint, IResource Resource)> Http2Endpoints() =>
        model.Resources.Where(resource => resource.TryGetLastAnnotation<Http2ServiceAnnotation>(out _))
            .SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.IsHttp).Select(endpoint => (endpoint, resource)));

    [LoggerMessage(1, LogLevel.Information, "Distributed application starting.")]
    private static partial void Starting(ILogger log);

    [LoggerMessage(2, LogLevel.Information, "Distributed application started. Press Ctrl+C to shut down.")]
    private static partial void Started(ILogger log);
}
