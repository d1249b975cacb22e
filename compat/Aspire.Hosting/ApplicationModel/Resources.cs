using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A .NET project.</summary>
public class ProjectResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport, IComputeResource;

/// <summary>A program.</summary>
public class ExecutableResource(string name, string command, string workingDirectory)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
{
    /// <summary>The program, a path or a name on PATH.</summary>
    public string Command { get; } = command ?? throw new ArgumentNullException(nameof(command));

    /// <summary>The folder it starts in.</summary>
    public string WorkingDirectory { get; } = workingDirectory ?? throw new ArgumentNullException(nameof(workingDirectory));
}

/// <summary>The connection string of a resource, as the value of an environment variable.</summary>
public class ConnectionStringReference(IResourceWithConnectionString resource, bool optional) : IExpressionValue, IValueWithReferences
{
    /// <summary>The resource.</summary>
    public IResourceWithConnectionString Resource { get; } = resource;

    /// <summary>Whether it may be missing.</summary>
    public bool Optional { get; } = optional;

    /// <inheritdoc />
    public string ValueExpression => ((IManifestExpressionProvider)Resource).ValueExpression;

    IEnumerable<object> IValueWithReferences.References => [Resource];

    /// <inheritdoc />
    [SuppressMessage("Design", "CA1031", Justification = "An optional connection string that cannot be had is absent, whatever the reason.")]
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var value = await Resource.GetConnectionStringAsync(cancellationToken).ConfigureAwait(false);
            if (!string.IsNullOrEmpty(value) || Optional) return value;
        }
        catch (Exception) when (Optional)
        {
            return null;
        }

        throw new DistributedApplicationException($"The connection string of the resource '{Resource.Name}' is not available.");
    }

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) => GetValueAsync(cancellationToken);
}
