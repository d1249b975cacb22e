using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Gives the resource the connection string of another, and its parts.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder,
        IResourceBuilder<IResourceWithConnectionString> source,
        string? connectionName = null,
        bool optional = false)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(source);
        var resource = source.Resource;
        var name = connectionName ?? resource.Name;
        return builder.WithEnvironment(context =>
        {
            var variable = resource.ConnectionStringEnvironmentVariable ?? "ConnectionStrings__" + name;
            context.EnvironmentVariables[variable] = new ConnectionStringReference(resource, optional);
            var prefix = name.Length == 0 ? "" : VariableName(name) + "_";
            foreach (var (property, value) in resource.GetConnectionProperties())
            {
                context.EnvironmentVariables[prefix + property.ToUpperInvariant()] = value;
            }
        });
    }

    /// <summary>Lets the resource find another by name.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(source);
        builder.References(source.Resource, name: null).UseAllEndpoints = true;
        return builder;
    }

    /// <summary>Lets the resource find another by a name of its own choice.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source, string name)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(source);
        builder.References(source.Resource, name).UseAllEndpoints = true;
        return builder;
    }

    /// <summary>Lets the resource find one endpoint of another by name.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, EndpointReference endpointReference)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(endpointReference);
        builder.References(endpointReference.Resource, name: null).EndpointNames.Add(endpointReference.EndpointName);
        return builder;
    }

    /// <summary>Lets the resource find an address outside of the application by name.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(this IResourceBuilder<TDestination> builder, string name, Uri uri)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!uri.IsAbsoluteUri) throw new InvalidOperationException("The uri for the service reference must be absolute.");
        if (uri.AbsolutePath != "/") throw new InvalidOperationException("The uri absolute path must be \"/\".");
        return builder.WithEnvironment($"services__{name}__default__0", uri.ToString());
    }

    private static EndpointReferenceAnnotation References<T>(this IResourceBuilder<T> builder, IResourceWithEndpoints source, string? name)
        where T : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Resource.Annotations.OfType<EndpointReferenceAnnotation>().SingleOrDefault(r => r.Resource == source) is { } known) return known;

        // One annotation and one callback for each source, so that naming endpoints one by one and all at once add up.
        var annotation = new EndpointReferenceAnnotation(source);
        builder.WithAnnotation(annotation);
        builder.WithEnvironment(context => AddEndpoints(context, annotation, name));
        return annotation;
    }

    private static void AddEndpoints(EnvironmentCallbackContext context, EndpointReferenceAnnotation reference, string? name)
    {
        var service = name ?? reference.Resource.Name;
        foreach (var endpoint in reference.Resource.GetEndpoints())
        {
            var wanted = reference.EndpointNames.Contains(endpoint.EndpointName) || (reference.UseAllEndpoints && !endpoint.ExcludeReferenceEndpoint);
            if (!wanted) continue;

            var prefix = name is null ? VariableName(service) : Encoded(name);
            context.EnvironmentVariables[$"{prefix}_{VariableName(endpoint.EndpointName)}"] = endpoint;

            // Endpoints called http and https are found by scheme, all others by name.
            var key = endpoint.EndpointName is "http" or "https" ? endpoint.Scheme : endpoint.EndpointName;
            var index = 0;
            while (context.EnvironmentVariables.ContainsKey(Discovery(service, key, index))) index++;
            context.EnvironmentVariables[Discovery(service, key, index)] = endpoint;
        }
    }

    private static string Discovery(string service, string key, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"services__{service}__{key}__{index}");

    private static string VariableName(string text) => Encoded(text).ToUpperInvariant();

    /// <remarks>Shells know variables of letters, digits and underscores that do not start with a digit.</remarks>
    private static string Encoded(string text)
    {
        var encoded = string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return encoded.Length > 0 && char.IsAsciiDigit(encoded[0]) ? "_" + encoded : encoded;
    }
}
