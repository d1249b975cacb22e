using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>The life of one resource: it waits, starts, is watched, ends, and is not started again.</summary>
internal sealed class ResourceRun(
    IResource resource,
    ResourceLauncher launcher,
    ResourceNotificationService notifications,
    HealthCheckService health,
    ResourceConsole console,
    TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan UntilHealthy = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan OnceHealthy = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongUnhealthy = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private LaunchedResource? _launched;
    private Task _life = Task.CompletedTask;

    public IResource Resource { get; } = resource;

    public void Begin() => _life = Task.Run(LiveAsync);

    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _life.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _launched?.Dispose();
        _stopping.Dispose();
    }

    private async Task LiveAsync()
    {
        var stopping = _stopping.Token;
        try
        {
            await WaitForOthersAsync(stopping).ConfigureAwait(false);
            if (ResourceLauncher.IsProcess(Resource)) await RunProcessesAsync(stopping).ConfigureAwait(false);
            else await StandAsync(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Publish(KnownResourceStates.Finished, reason: "it was stopped");
        }
#pragma warning disable CA1031 // Whatever keeps a resource from starting is its own state and must not take the others down.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            console.Happened(Resource.Name, $"did not start: {fault.Message}");
            Publish(KnownResourceStates.FailedToStart, reason: fault.Message);
        }
    }

    private async Task WaitForOthersAsync(CancellationToken stopping)
    {
        var waits = Resource.Annotations.OfType<WaitAnnotation>().Concat(ImpliedWaits()).ToArray();
        if (waits.Length == 0) return;
        Publish(KnownResourceStates.Waiting);
        if (ResourceLauncher.IsProcess(Resource)) console.Happened(Resource.Name, $"waits for {string.Join(", ", waits.Select(wait => wait.Resource.Name).Distinct(StringComparer.Ordinal))}");
        using var first = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var pending = waits.Select(wait => WaitForAsync(wait, first.Token)).ToList();
        try
        {
            while (pending.Count > 0)
            {
                var done = await Task.WhenAny(pending).ConfigureAwait(false);
                pending.Remove(done);
                await done.ConfigureAwait(false);
            }
        }
        finally
        {
            await first.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>A database waits for its server; a composed connection string for what it is composed of.</summary>
    private IEnumerable<WaitAnnotation> ImpliedWaits() => Resource switch
    {
        IResourceWithParent child => [new WaitAnnotation(child.Parent, WaitType.WaitUntilHealthy)],
        ConnectionStringResource composed => References(composed.ConnectionStringExpression).Select(other => new WaitAnnotation(other, WaitType.WaitUntilHealthy)),
        _ => [],
    };

    private static IEnumerable<IResource> References(object value) => value switch
    {
        IResource resource and IResourceWithWaitSupport => [resource],
        IValueWithReferences composed => composed.References.SelectMany(References),
        _ => [],
    };

    private async Task WaitForAsync(WaitAnnotation wait, CancellationToken cancellationToken)
    {
        var stops = wait.WaitBehavior is not WaitBehavior.WaitOnResourceUnavailable;
        var reached = await notifications.WaitForResourceAsync(
            wait.Resource.Name, change => IsReached(wait, change.Snapshot) || (change.Snapshot.IsTerminal && stops), cancellationToken).ConfigureAwait(false);
        if (IsReached(wait, reached.Snapshot)) return;
        throw new DistributedApplicationException($"it waits for '{wait.Resource.Name}', which will not be ready: {reached.Snapshot.Reason ?? reached.Snapshot.State!.Text}");
    }

    private static bool IsReached(WaitAnnotation wait, CustomResourceSnapshot snapshot) => wait.WaitType switch
    {
        WaitType.WaitForCompletion => snapshot.IsTerminal && snapshot.ExitCode == wait.ExitCode,
        WaitType.WaitUntilStarted => snapshot.State?.Text == KnownResourceStates.Running,
        _ => snapshot.HealthStatus is HealthStatus.Healthy,
    };

    /// <summary>A resource without processes: a parameter, a connection string, a database.</summary>
    private async Task StandAsync(CancellationToken stopping)
    {
        if (Resource is IValueProvider value) _ = await value.GetValueAsync(stopping).ConfigureAwait(false);
        Publish(KnownResourceStates.Running);
        if (Resource is not IResourceWithParent child)
        {
            await WatchHealthAsync(_ => Task.CompletedTask, stopping).ConfigureAwait(false);
            return;
        }

        using var owned = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watching = WatchHealthAsync(_ => Task.CompletedTask, owned.Token);
        var ended = notifications.WaitForResourceAsync(child.Parent.Name, change => change.Snapshot.IsTerminal, owned.Token);
        await Task.WhenAny(watching, ended).ConfigureAwait(false);
        await owned.CancelAsync().ConfigureAwait(false);
        stopping.ThrowIfCancellationRequested();
        var last = await ended.ConfigureAwait(false);
        Publish(KnownResourceStates.Exited, reason: $"'{child.Parent.Name}' has ended: {last.Snapshot.Reason}");
    }

    private async Task RunProcessesAsync(CancellationToken stopping)
    {
        Publish(KnownResourceStates.Starting);
        var launched = _launched = await launcher.LaunchAsync(Resource, stopping).ConfigureAwait(false);
        console.Happened(Resource.Name, "started" + await IdsAsync(launched).ConfigureAwait(false) + Addresses());
        Publish(KnownResourceStates.Running);

        using var alive = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var began = time.GetTimestamp();
        var watching = WatchHealthAsync(launched.Ready, alive.Token);
        var exits = Task.WhenAll(launched.Processes.Select(process => ReportExitAsync(process, began)));
        if (await Task.WhenAny(exits, Stopped(stopping)).ConfigureAwait(false) != exits) await StopProcessesAsync(launched).ConfigureAwait(false);

        var codes = await exits.ConfigureAwait(false);
        await alive.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var code = codes.FirstOrDefault(code => code != 0);
        Publish(
            code == 0 ? KnownResourceStates.Finished : KnownResourceStates.Exited,
            code,
            stopping.IsCancellationRequested ? "it was stopped" : $"it ended with exit code {code}");
    }

    private async Task<int> ReportExitAsync(SupervisedProcess process, long began)
    {
        var code = await process.Exit.ConfigureAwait(false);
        if (_stopping.IsCancellationRequested) return code;
        var lived = time.GetElapsedTime(began).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        var signal = code > 128 ? $" (signal {code - 128})" : "";
        console.Happened(Resource.Name, $"ended with exit code {code}{signal} after {lived} s; it is not restarted");
        return code;
    }

    private async Task StopProcessesAsync(LaunchedResource launched)
    {
        Publish(KnownResourceStates.Stopping);
        var killed = await Task.WhenAll(launched.Processes.Select(process => process.StopAsync(time))).ConfigureAwait(false);
        console.Happened(Resource.Name, killed.Contains(true) ? "did not end in time and was killed" : "stopped");
    }

    private async Task WatchHealthAsync(Func<CancellationToken, Task> ready, CancellationToken until)
    {
        var keys = Resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key).ToHashSet(StringComparer.Ordinal);
        var began = time.GetTimestamp();
        var wasHealthy = false;
        var told = false;
        while (true)
        {
            var (isHealthy, reason) = await CheckAsync(keys, wasHealthy ? null : ready, until).ConfigureAwait(false);
            if (isHealthy != wasHealthy) ReportHealth(isHealthy, reason, again: told);
            told |= isHealthy;
            wasHealthy = isHealthy;
            if (isHealthy && keys.Count == 0) return;
            if (!told && time.GetElapsedTime(began) > LongUnhealthy)
            {
                told = true;
                console.Happened(Resource.Name, $"is not healthy after {LongUnhealthy.TotalSeconds} s: {reason}");
            }

            await Task.Delay(isHealthy ? OnceHealthy : UntilHealthy, time, until).ConfigureAwait(false);
        }
    }

    private async Task<(bool IsHealthy, string? Reason)> CheckAsync(HashSet<string> keys, Func<CancellationToken, Task>? ready, CancellationToken until)
    {
        try
        {
            if (keys.Count > 0)
            {
                var report = await health.CheckHealthAsync(check => keys.Contains(check.Name), until).ConfigureAwait(false);
                if (report.Status is not HealthStatus.Healthy)
                {
                    var worst = report.Entries.Values.First(entry => entry.Status is not HealthStatus.Healthy);
                    return (false, worst.Description ?? worst.Exception?.Message);
                }
            }

            if (ready is not null) await ready(until).ConfigureAwait(false);
            return (true, null);
        }
#pragma warning disable CA1031 // A check that fails, in whatever way, says that the resource is not ready; it is asked again.
        catch (Exception fault) when (!until.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return (false, fault.Message);
        }
    }

    private void ReportHealth(bool isHealthy, string? reason, bool again)
    {
        var hasChecks = Resource.Annotations.OfType<HealthCheckAnnotation>().Any();
        if (hasChecks && ResourceLauncher.IsProcess(Resource)) console.Happened(Resource.Name, isHealthy ? again ? "is healthy again" : "is healthy" : $"is unhealthy: {reason}");
        _ = notifications.PublishUpdateAsync(Resource, snapshot => snapshot with
        {
            HealthStatus = isHealthy ? HealthStatus.Healthy : HealthStatus.Unhealthy,
            Reason = reason,
        });
    }

    private void Publish(string state, int? exitCode = null, string? reason = null) =>
        _ = notifications.PublishUpdateAsync(Resource, snapshot => snapshot with { State = state, ExitCode = exitCode, Reason = reason, HealthStatus = null });

    private string Addresses()
    {
        var urls = Resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.AllocatedEndpoint is not null).Select(Address).ToArray();
        return urls.Length == 0 ? "" : ": " + string.Join(", ", urls);
    }

    private string Address(EndpointAnnotation endpoint)
    {
        var url = new ResourceUrlAnnotation { Url = endpoint.AllocatedEndpoint!.UriString };
        foreach (var change in Resource.Annotations.OfType<EndpointUrlCallbackAnnotation>().Where(change => change.EndpointName == endpoint.Name)) change.Callback(url);
        return $"{url.DisplayText ?? endpoint.Name} {url.Url}";
    }

    private async Task<string> IdsAsync(LaunchedResource launched)
    {
        var all = await Task.WhenAll(launched.Processes.Select(process => process.ChildIdAsync(time))).ConfigureAwait(false);
        var ids = all.OfType<int>().ToArray();
        return ids.Length == 0 ? "" : $" (pid {string.Join(", ", ids)})";
    }

    private static async Task Stopped(CancellationToken stopping)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stopping.Register(stopped.SetResult).ConfigureAwait(false)) await stopped.Task.ConfigureAwait(false);
    }
}
