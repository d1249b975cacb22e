using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Questions to a resource.</summary>
public static class ResourceExtensions
{
    /// <summary>The last annotation of a type, if there is one.</summary>
    public static bool TryGetLastAnnotation<T>(this IResource resource, [NotNullWhen(true)] out T? annotation)
        where T : IResourceAnnotation
    {
        ArgumentNullException.ThrowIfNull(resource);
        annotation = resource.Annotations.OfType<T>().LastOrDefault();
        return annotation is not null;
    }

    /// <summary>The annotations of a type, if there are any.</summary>
    public static bool TryGetAnnotationsOfType<T>(this IResource resource, [NotNullWhen(true)] out IEnumerable<T>? result)
        where T : IResourceAnnotation
    {
        ArgumentNullException.ThrowIfNull(resource);
        var found = resource.Annotations.OfType<T>().ToArray();
        result = found.Length == 0 ? null : found;
        return result is not null;
    }

    /// <summary>The endpoints, if there are any.</summary>
    public static bool TryGetEndpoints(this IResource resource, [NotNullWhen(true)] out IEnumerable<EndpointAnnotation>? endpoints) =>
        resource.TryGetAnnotationsOfType(out endpoints);

    /// <summary>References to the endpoints.</summary>
    public static IEnumerable<EndpointReference> GetEndpoints(this IResourceWithEndpoints resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => new EndpointReference(resource, endpoint));
    }

    /// <summary>A reference to an endpoint, which may be added later.</summary>
    public static EndpointReference GetEndpoint(this IResourceWithEndpoints resource, string endpointName) => new(resource, endpointName);

    /// <summary>The number of processes.</summary>
    public static int GetReplicaCount(this IResource resource) =>
        resource.TryGetLastAnnotation<ReplicaAnnotation>(out var replica) ? replica.Replicas : 1;

    /// <summary>The environment variables a resource is given: values when running, expressions when publishing.</summary>
    public static async ValueTask<Dictionary<string, string>> GetEnvironmentVariableValuesAsync(
        this IResourceWithEnvironment resource,
        DistributedApplicationOperation applicationOperation = DistributedApplicationOperation.Run)
    {
        var context = new ValueProviderContext { ExecutionContext = new(applicationOperation), Caller = resource };
        var variables = await resource.EnvironmentAsync(context, CancellationToken.None).ConfigureAwait(false);
        return variables.ToDictionary(pair => pair.Key, pair => pair.Value.Text, StringComparer.Ordinal);
    }

    internal static bool TryGetProjectMetadata(this IResource resource, [NotNullWhen(true)] out IProjectMetadata? metadata) =>
        resource.TryGetLastAnnotation(out metadata);

    /// <summary>The environment variables with both what was said and the text it comes to.</summary>
    internal static async Task<IReadOnlyDictionary<string, (object Said, string Text)>> EnvironmentAsync(
        this IResource resource, ValueProviderContext context, CancellationToken cancellationToken)
    {
        var execution = context.ExecutionContext ?? new DistributedApplicationExecutionContext(DistributedApplicationOperation.Run);
        var callbackContext = new EnvironmentCallbackContext(execution, resource, cancellationToken: cancellationToken);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray())
        {
            await annotation.Callback(callbackContext).ConfigureAwait(false);
        }

        var variables = new Dictionary<string, (object, string)>(StringComparer.Ordinal);
        foreach (var (name, said) in callbackContext.EnvironmentVariables)
        {
            if (await TextAsync(said, execution, context, cancellationToken).ConfigureAwait(false) is { } text) variables[name] = (said, text);
        }

        return variables;
    }

    /// <summary>The arguments with both what was said and the text it comes to.</summary>
    internal static async Task<IReadOnlyList<(object Said, string Text)>> ArgumentsAsync(
        this IResource resource, ValueProviderContext context, CancellationToken cancellationToken)
    {
        var execution = context.ExecutionContext ?? new DistributedApplicationExecutionContext(DistributedApplicationOperation.Run);
        var callbackContext = new CommandLineArgsCallbackContext([], resource, cancellationToken) { ExecutionContext = execution };
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
        {
            await annotation.Callback(callbackContext).ConfigureAwait(false);
        }

        var arguments = new List<(object, string)>();
        foreach (var said in callbackContext.Args)
        {
            if (await TextAsync(said, execution, context, cancellationToken).ConfigureAwait(false) is { } text) arguments.Add((said, text));
        }

        return arguments;
    }

    private static async ValueTask<string?> TextAsync(
        object said, DistributedApplicationExecutionContext execution, ValueProviderContext context, CancellationToken cancellationToken) => said switch
        {
            string text => text,
            IManifestExpressionProvider expression when execution.IsPublishMode => expression.ValueExpression,
            IValueProvider value => await value.GetValueAsync(context, cancellationToken).ConfigureAwait(false),
            _ => said.ToString(),
        };
}
