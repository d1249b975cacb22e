using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>What a waiting resource waits for.</summary>
public enum WaitType
{
    /// <summary>That the other is healthy.</summary>
    WaitUntilHealthy = 0,

    /// <summary>That the other has ended.</summary>
    WaitForCompletion = 1,

    /// <summary>That the other has started.</summary>
    WaitUntilStarted = 2,
}

/// <summary>What a waiting resource does when the other fails.</summary>
public enum WaitBehavior
{
    /// <summary>It waits on.</summary>
    WaitOnResourceUnavailable = 0,

    /// <summary>It fails too.</summary>
    StopOnResourceUnavailable = 1,
}

/// <summary>Says that a resource waits for another.</summary>
public sealed class WaitAnnotation(IResource resource, WaitType waitType, int exitCode = 0) : IResourceAnnotation
{
    /// <summary>The resource waited for.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>What is waited for.</summary>
    public WaitType WaitType { get; } = waitType;

    /// <summary>The exit code that counts as completion.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>What happens when the other fails; null for the default.</summary>
    public WaitBehavior? WaitBehavior { get; init; }
}

/// <summary>Says how many processes a resource has.</summary>
public sealed class ReplicaAnnotation(int replicas = 1) : IResourceAnnotation
{
    /// <summary>The number of processes.</summary>
    public int Replicas { get; } = replicas;
}

/// <summary>Names a health check of a resource.</summary>
public class HealthCheckAnnotation(string key) : IResourceAnnotation
{
    /// <summary>The name it is registered under.</summary>
    public string Key { get; } = key;
}

/// <summary>Marks every http endpoint as HTTP/2.</summary>
internal sealed class Http2ServiceAnnotation : IResourceAnnotation;

/// <summary>Names the launch profile of a project.</summary>
public sealed class LaunchProfileAnnotation(string launchProfileName) : IResourceAnnotation
{
    /// <summary>The name in launchSettings.json.</summary>
    public string LaunchProfileName { get; } = launchProfileName;
}

/// <summary>Adds environment variables when they are asked for.</summary>
public class EnvironmentCallbackAnnotation : IResourceAnnotation
{
    /// <summary>Adds one variable.</summary>
    public EnvironmentCallbackAnnotation(string name, Func<string> callback)
        : this(context => context.EnvironmentVariables[name] = callback())
    {
    }

    /// <summary>Adds variables.</summary>
    public EnvironmentCallbackAnnotation(Action<EnvironmentCallbackContext> callback)
    {
        Callback = context =>
        {
            callback(context);
            return Task.CompletedTask;
        };
    }

    /// <summary>Adds variables.</summary>
    public EnvironmentCallbackAnnotation(Func<EnvironmentCallbackContext, Task> callback) => Callback = callback;

    /// <summary>What adds them.</summary>
    public Func<EnvironmentCallbackContext, Task> Callback { get; }
}

/// <summary>What a callback that adds environment variables is given.</summary>
public class EnvironmentCallbackContext(
    DistributedApplicationExecutionContext executionContext,
    IResource resource,
    Dictionary<string, object>? environmentVariables = null,
    CancellationToken cancellationToken = default)
{
    /// <summary>The variables so far: text, or values known later.</summary>
    public Dictionary<string, object> EnvironmentVariables { get; } = environmentVariables ?? [];

    /// <summary>Whether the application runs or is published.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    /// <summary>The resource that is given the variables.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>A log.</summary>
    public ILogger Logger { get; set; } = NullLogger.Instance;

    /// <summary>Ends the work.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}

/// <summary>Adds command line arguments when they are asked for.</summary>
public class CommandLineArgsCallbackAnnotation : IResourceAnnotation
{
    /// <summary>Adds arguments.</summary>
    public CommandLineArgsCallbackAnnotation(Action<IList<object>> callback)
        : this(context =>
        {
            callback(context.Args);
            return Task.CompletedTask;
        })
    {
    }

    /// <summary>Adds arguments.</summary>
    public CommandLineArgsCallbackAnnotation(Func<CommandLineArgsCallbackContext, Task> callback) => Callback = callback;

    /// <summary>What adds them.</summary>
    public Func<CommandLineArgsCallbackContext, Task> Callback { get; }
}

/// <summary>What a callback that adds arguments is given.</summary>
public sealed class CommandLineArgsCallbackContext(IList<object> args, IResource resource, CancellationToken cancellationToken = default)
{
    /// <summary>The arguments so far: text, or values known later.</summary>
    public IList<object> Args { get; } = args;

    /// <summary>The resource that is given them.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>Whether the application runs or is published.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; init; } = new(DistributedApplicationOperation.Run);

    /// <summary>Ends the work.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}

/// <summary>An address shown to the user.</summary>
public sealed class ResourceUrlAnnotation : IResourceAnnotation
{
    /// <summary>The address.</summary>
    public required string Url { get; set; }

    /// <summary>What is shown instead of it.</summary>
    public string? DisplayText { get; set; }

    /// <summary>The endpoint it belongs to.</summary>
    public EndpointReference? Endpoint { get; init; }
}

/// <summary>Changes the address shown for an endpoint.</summary>
internal sealed record EndpointUrlCallbackAnnotation(string EndpointName, Action<ResourceUrlAnnotation> Callback) : IResourceAnnotation;

/// <summary>Collects the endpoints of another resource that this one was given.</summary>
internal sealed class EndpointReferenceAnnotation(IResourceWithEndpoints resource) : IResourceAnnotation
{
    public IResourceWithEndpoints Resource { get; } = resource;

    public bool UseAllEndpoints { get; set; }

    public HashSet<string> EndpointNames { get; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>Writes a resource into a manifest.</summary>
public class ManifestPublishingCallbackAnnotation(Func<Publishing.ManifestPublishingContext, Task>? callback) : IResourceAnnotation
{
    /// <summary>Leaves the resource out of the manifest.</summary>
    public static ManifestPublishingCallbackAnnotation Ignore { get; } = new(null);

    /// <summary>What writes it; null to leave it out.</summary>
    public Func<Publishing.ManifestPublishingContext, Task>? Callback { get; } = callback;
}
