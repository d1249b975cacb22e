using System.Collections.ObjectModel;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

/// <summary>Turns a resource into running processes.</summary>
internal sealed class ResourceLauncher(
    IHostEnvironment environment,
    DistributedApplicationExecutionContext execution,
    DataFolders folders,
    ResourceConsole console,
    TelemetryReceiver telemetry,
    DistributedApplicationOptions options)
{
    private const string Dropped = "OTEL_EXPORTER_OTLP_";

    /// <summary>Whether the resource is made of processes at all.</summary>
    public static bool IsProcess(IResource resource) => resource is ProjectResource or ExecutableResource or ContainerResource;

    public async Task<LaunchedResource> LaunchAsync(IResource resource, CancellationToken cancellationToken)
    {
        if (resource is ContainerResource) return await LaunchServerAsync(resource, cancellationToken).ConfigureAwait(false);

        var replicas = EndpointAllocator.TargetPorts(resource);
        var plans = new List<ProcessPlan>();
        for (var i = 0; i < replicas.Count; i++) plans.Add(await PlanAsync(resource, replicas[i], i, replicas.Count, cancellationToken).ConfigureAwait(false));

        var launched = new LaunchedResource(Forwarders(replicas), _ => Task.CompletedTask);
        try
        {
            for (var i = 0; i < plans.Count; i++) launched.Add(Start(plans.Count == 1 ? resource.Name : $"{resource.Name}-{i}", plans[i]));
            return launched;
        }
        catch
        {
            launched.Dispose();
            throw;
        }
    }

    private async Task<LaunchedResource> LaunchServerAsync(IResource resource, CancellationToken cancellationToken)
    {
        if (!resource.TryGetLastAnnotation<LocalServerAnnotation>(out var local))
        {
            throw new DistributedApplicationException("it is a container, and this stand-in for Aspire.Hosting runs containers only of kinds whose server can be installed locally");
        }

        var (folder, keeps) = folders.For(resource);
        var context = new LocalServerContext(folder, keeps, what => console.Happened(resource.Name, what));
        var plan = await local.Server.PrepareAsync(context, cancellationToken).ConfigureAwait(false);
        var launched = new LaunchedResource([], token => local.Server.ReadyAsync(context, token));
        launched.Add(Start(resource.Name, plan));
        return launched;
    }

    private SupervisedProcess Start(string name, ProcessPlan plan) =>
        SupervisedProcess.Start(plan, (line, isError) => console.Printed(name, line, isError));

    private async Task<ProcessPlan> PlanAsync(
        IResource resource, IReadOnlyDictionary<EndpointAnnotation, int> ports, int replica, int replicas, CancellationToken cancellationToken)
    {
        var context = new ValueProviderContext { ExecutionContext = execution, Caller = resource, TargetPorts = ports };
        var variables = await resource.EnvironmentAsync(context, cancellationToken).ConfigureAwait(false);
        var arguments = await resource.ArgumentsAsync(context, cancellationToken).ConfigureAwait(false);
        var given = variables.ToDictionary(pair => pair.Key, pair => pair.Value.Text, StringComparer.Ordinal);
        Finish(given, replicas > 1 ? replica : null);
        string[] own = [.. arguments.Select(argument => argument.Text)];
        return resource switch
        {
            ProjectResource project => ProjectPlan(project, own) with { Environment = given },
            ExecutableResource executable => new ProcessPlan(executable.Command, own, executable.WorkingDirectory) { Environment = given },
            _ => throw new DistributedApplicationException($"Resource '{resource.Name}' is not a process."),
        };
    }

    private ProcessPlan ProjectPlan(ProjectResource project, string[] arguments)
    {
        var path = project.TryGetProjectMetadata(out var metadata)
            ? metadata.ProjectPath
            : throw new DistributedApplicationException($"Project metadata was not found for resource '{project.Name}'.");
        var output = ProjectOutput.Find(project.Name, path, options.Assembly);
        return new ProcessPlan(Programs.DotNet(), [output, .. arguments], Path.GetDirectoryName(path)!);
    }

    /// <summary>What depends on the machine rather than on the model.</summary>
    private void Finish(Dictionary<string, string> variables, int? replica)
    {
        // A launch profile may say otherwise; without one a child is in the AppHost's own environment.
        variables.TryAdd("DOTNET_ENVIRONMENT", environment.EnvironmentName);
        variables.TryAdd("ASPNETCORE_ENVIRONMENT", variables["DOTNET_ENVIRONMENT"]);
        if (replica is { } number && variables.TryGetValue("OTEL_RESOURCE_ATTRIBUTES", out var attributes)) variables["OTEL_RESOURCE_ATTRIBUTES"] = $"{attributes}-{number}";
        if (telemetry.IsAbsent)
        {
            foreach (var name in variables.Keys.Where(name => name.StartsWith(Dropped, StringComparison.Ordinal)).ToArray()) variables.Remove(name);
        }
    }

    private static ReadOnlyCollection<IDisposable> Forwarders(IReadOnlyList<IReadOnlyDictionary<EndpointAnnotation, int>> replicas)
    {
        var forwarders = new List<IDisposable>();
        foreach (var endpoint in replicas[0].Keys)
        {
            int[] targets = [.. replicas.Select(ports => ports[endpoint])];
            var port = endpoint.AllocatedEndpoint!.Port;
            if (targets is not [var only] || only != port) forwarders.Add(TcpForwarder.Start(port, targets));
        }

        return forwarders.AsReadOnly();
    }
}

/// <summary>The processes of a resource.</summary>
internal sealed class LaunchedResource(IReadOnlyList<IDisposable> forwarders, Func<CancellationToken, Task> ready) : IDisposable
{
    private readonly List<SupervisedProcess> _processes = [];

    public IReadOnlyList<SupervisedProcess> Processes => _processes;

    public Func<CancellationToken, Task> Ready { get; } = ready;

    public void Add(SupervisedProcess process) => _processes.Add(process);

    public void Dispose()
    {
        foreach (var process in _processes) process.Dispose();
        foreach (var forwarder in forwarders) forwarder.Dispose();
    }
}
