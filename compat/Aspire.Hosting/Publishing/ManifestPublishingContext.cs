using System.Globalization;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Publishing;

/// <summary>Writes the resources of an application into a manifest.</summary>
public sealed class ManifestPublishingContext(
    DistributedApplicationExecutionContext executionContext,
    string manifestPath,
    Utf8JsonWriter writer,
    CancellationToken cancellationToken = default)
{
    // Parameters that a connection string needs in encoded form become values of their own, written after everything else.
    private readonly SortedDictionary<string, (ParameterResource Parameter, string Filter)> _encoded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IResource> _referenced = new(StringComparer.OrdinalIgnoreCase);
    private int _nextPort = 8000;

    /// <summary>The application's operation.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    /// <summary>Where the manifest is written.</summary>
    public string ManifestPath { get; } = manifestPath;

    /// <summary>What writes it.</summary>
    public Utf8JsonWriter Writer { get; } = writer;

    /// <summary>Ends the work.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;

    internal async Task WriteAsync(DistributedApplicationModel model)
    {
        Writer.WriteStartObject();
        Writer.WriteString("$schema", "https://json.schemastore.org/aspire-8.0.json");
        Writer.WriteStartObject("resources");
        foreach (var resource in model.Resources) await WriteResourceAsync(resource).ConfigureAwait(false);

        var names = model.Resources.Select(resource => resource.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var resource in _referenced.Values.Where(resource => !names.Contains(resource.Name)).ToArray())
        {
            await WriteResourceAsync(resource).ConfigureAwait(false);
        }

        foreach (var (name, (parameter, filter)) in _encoded)
        {
            Writer.WriteStartObject(name);
            Writer.WriteString("type", "annotated.string");
            Writer.WriteString("value", parameter.ValueExpression);
            Writer.WriteString("filter", filter);
            Writer.WriteEndObject();
        }

        Writer.WriteEndObject();
        Writer.WriteEndObject();
        await Writer.FlushAsync(CancellationToken).ConfigureAwait(false);
    }

    /// <summary>A path as the manifest has it: relative to its own folder.</summary>
    public string? GetManifestRelativePath(string? path) =>
        path is null ? null : Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(ManifestPath))!, path).Replace('\\', '/');

    /// <summary>Writes the bindings of a resource.</summary>
    public void WriteBindings(IResource resource)
    {
        if (!resource.TryGetEndpoints(out var endpoints)) return;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Writer.WriteStartObject("bindings");
        foreach (var endpoint in endpoints)
        {
            Writer.WriteStartObject(endpoint.Name);
            Writer.WriteString("scheme", endpoint.UriScheme);
            Writer.WriteString("protocol", endpoint.Protocol.ToString().ToLowerInvariant());
            Writer.WriteString("transport", resource.TryGetLastAnnotation<Http2ServiceAnnotation>(out _) && endpoint.IsHttp ? "http2" : endpoint.Transport);
            WritePorts(endpoint, TargetPort(resource, endpoint, seen));
            if (endpoint.IsExternal) Writer.WriteBoolean("external", true);
            Writer.WriteEndObject();
        }

        Writer.WriteEndObject();
    }

    private async Task WriteResourceAsync(IResource resource)
    {
        var own = resource.TryGetLastAnnotation<ManifestPublishingCallbackAnnotation>(out var annotation);
        if (own && annotation!.Callback is null) return;
        Writer.WriteStartObject(resource.Name);
        if (own) await annotation!.Callback!(this).ConfigureAwait(false);
        else await WriteBodyAsync(resource).ConfigureAwait(false);
        Writer.WriteEndObject();
    }

    private async Task WriteBodyAsync(IResource resource)
    {
        switch (resource)
        {
            case ContainerResource container:
                await WriteContainerAsync(container).ConfigureAwait(false);
                break;
            case ProjectResource project:
                Writer.WriteString("type", "project.v0");
                Writer.WriteString("path", GetManifestRelativePath(project.TryGetProjectMetadata(out var metadata) ? metadata.ProjectPath : null));
                await WriteProcessAsync(project).ConfigureAwait(false);
                break;
            case ExecutableResource executable:
                Writer.WriteString("type", "executable.v0");
                Writer.WriteString("workingDirectory", GetManifestRelativePath(executable.WorkingDirectory));
                Writer.WriteString("command", executable.Command);
                await WriteProcessAsync(executable).ConfigureAwait(false);
                break;
            case ParameterResource parameter:
                WriteParameter(parameter);
                break;
            case IResourceWithConnectionString value:
                Writer.WriteString("type", "value.v0");
                WriteConnectionString(value);
                break;
            default:
                Writer.WriteString("error", "This resource does not support generation in the manifest.");
                break;
        }
    }

    private async Task WriteContainerAsync(ContainerResource container)
    {
        Writer.WriteString("type", "container.v0");
        if (container is IResourceWithConnectionString value) WriteConnectionString(value);
        Writer.WriteString("image", container.TryGetLastAnnotation<ContainerImageAnnotation>(out var image)
            ? image.FullName
            : throw new DistributedApplicationException($"Could not get the container image name for resource '{container.Name}'."));
        if (container.Entrypoint is not null) Writer.WriteString("entrypoint", container.Entrypoint);
        await WriteArgumentsAsync(container).ConfigureAwait(false);
        WriteVolumes(container);
        await WriteEnvironmentAsync(container).ConfigureAwait(false);
        WriteBindings(container);
    }

    private async Task WriteProcessAsync(IResource resource)
    {
        await WriteArgumentsAsync(resource).ConfigureAwait(false);
        await WriteEnvironmentAsync(resource).ConfigureAwait(false);
        WriteBindings(resource);
    }

    private void WriteConnectionString(IResourceWithConnectionString resource) =>
        Writer.WriteString("connectionString", Expression(resource.ConnectionStringExpression, resource.ConnectionStringExpression.ValueExpression));

    private void WriteVolumes(ContainerResource container)
    {
        var volumes = container.Annotations.OfType<ContainerMountAnnotation>().Where(mount => mount.Type is ContainerMountType.Volume).ToArray();
        if (volumes.Length == 0) return;
        Writer.WriteStartArray("volumes");
        foreach (var volume in volumes)
        {
            Writer.WriteStartObject();
            if (volume.Source is not null) Writer.WriteString("name", volume.Source);
            Writer.WriteString("target", volume.Target);
            Writer.WriteBoolean("readOnly", volume.IsReadOnly);
            Writer.WriteEndObject();
        }

        Writer.WriteEndArray();
    }

    private async Task WriteArgumentsAsync(IResource resource)
    {
        var arguments = await resource.ArgumentsAsync(ValueContext(resource), CancellationToken).ConfigureAwait(false);
        if (arguments.Count == 0) return;
        Writer.WriteStartArray("args");
        foreach (var (said, text) in arguments) Writer.WriteStringValue(Expression(said, text));
        Writer.WriteEndArray();
    }

    private async Task WriteEnvironmentAsync(IResource resource)
    {
        var variables = await resource.EnvironmentAsync(ValueContext(resource), CancellationToken).ConfigureAwait(false);
        if (variables.Count == 0) return;
        Writer.WriteStartObject("env");
        foreach (var (name, (said, text)) in variables) Writer.WriteString(name, Expression(said, text));
        Writer.WriteEndObject();
    }

    private void WriteParameter(ParameterResource parameter)
    {
        Writer.WriteString("type", "parameter.v0");
        if (parameter.IsConnectionString) Writer.WriteString("connectionString", parameter.ValueExpression);
        Writer.WriteString("value", $"{{{parameter.Name}.inputs.value}}");
        Writer.WriteStartObject("inputs");
        Writer.WriteStartObject("value");
        Writer.WriteString("type", "string");
        if (parameter.Secret) Writer.WriteBoolean("secret", true);
        if (parameter.Default is not null)
        {
            Writer.WriteStartObject("default");
            parameter.Default.WriteToManifest(this);
            Writer.WriteEndObject();
        }

        Writer.WriteEndObject();
        Writer.WriteEndObject();
    }

    private ValueProviderContext ValueContext(IResource resource) => new() { ExecutionContext = ExecutionContext, Caller = resource };

    private string Expression(object said, string text)
    {
        Note(said, []);
        if (said is not ReferenceExpression expression) return text;
        var holes = new object[expression.ValueProviders.Count];
        for (var i = 0; i < holes.Length; i++) holes[i] = Hole(expression, i);
        return string.Format(CultureInfo.InvariantCulture, expression.Format, holes);
    }

    private string Hole(ReferenceExpression expression, int index)
    {
        var provider = expression.ValueProviders[index];
        if (expression.StringFormats[index] is not { Length: > 0 } format || provider is not ParameterResource parameter) return Expression(provider, expression.ManifestExpressions[index]);
        var name = $"{parameter.Name}-{format}-encoded";
        _encoded[name] = (parameter, format);
        return $"{{{name}.value}}";
    }

    /// <summary>Generated passwords are nobody's resource: what refers to them brings them into the manifest.</summary>
    private void Note(object value, HashSet<object> seen)
    {
        if (!seen.Add(value)) return;
        if (value is IResource resource) _referenced.TryAdd(resource.Name, resource);
        if (value is not IValueWithReferences composed) return;
        foreach (var part in composed.References) Note(part, seen);
    }

    private int? TargetPort(IResource resource, EndpointAnnotation endpoint, HashSet<string> seen)
    {
        // The first http endpoint of a project listens where the deployment tool says; others need a number.
        var first = seen.Add(endpoint.UriScheme);
        if (endpoint.TargetPort is { } wanted) return wanted;
        if (resource is ContainerResource && endpoint.Port is { } same) return same;
        return resource is ProjectResource && endpoint.IsHttp && first ? null : _nextPort++;
    }

    private void WritePorts(EndpointAnnotation endpoint, int? target)
    {
        int? exposed = endpoint.Port ?? (target is null && !endpoint.IsHttp ? _nextPort++ : null);
        if (exposed is { } port && port != target) Writer.WriteNumber("port", port);
        if (target is { } targetPort) Writer.WriteNumber("targetPort", targetPort);
    }
}
