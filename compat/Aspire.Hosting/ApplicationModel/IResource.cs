namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>Something an application is composed of.</summary>
    public interface IResource
    {
        /// <summary>The name, unique in the application without regard to case.</summary>
        string Name { get; }

        /// <summary>What was said about the resource.</summary>
        ResourceAnnotationCollection Annotations { get; }
    }

    /// <summary>One fact about a resource.</summary>
    public interface IResourceAnnotation;

    /// <summary>The annotations of a resource, in the order they were added.</summary>
    public sealed class ResourceAnnotationCollection : System.Collections.ObjectModel.Collection<IResourceAnnotation>;

    /// <summary>A named resource.</summary>
    public abstract class Resource : IResource
    {
        /// <summary>Creates the resource.</summary>
        protected Resource(string name)
        {
            ResourceName.Validate(name);
            Name = name;
        }

        /// <inheritdoc />
        public virtual string Name { get; }

        /// <inheritdoc />
        public virtual ResourceAnnotationCollection Annotations { get; } = [];
    }

    /// <summary>A resource that takes environment variables.</summary>
    public interface IResourceWithEnvironment : IResource;

    /// <summary>A resource that takes command line arguments.</summary>
    public interface IResourceWithArgs : IResource;

    /// <summary>A resource that listens.</summary>
    public interface IResourceWithEndpoints : IResource;

    /// <summary>A resource that can be made to wait for others.</summary>
    public interface IResourceWithWaitSupport : IResource;

    /// <summary>A resource that something else runs.</summary>
    public interface IComputeResource : IResource;

    /// <summary>A resource that belongs to another and lives and dies with it.</summary>
    public interface IResourceWithParent : IResource
    {
        /// <summary>The resource it belongs to.</summary>
        IResource Parent { get; }
    }

    /// <inheritdoc />
    public interface IResourceWithParent<out T> : IResourceWithParent
        where T : IResource
    {
        /// <summary>The resource it belongs to.</summary>
        new T Parent { get; }

        IResource IResourceWithParent.Parent => Parent;
    }

    /// <summary>A resource that others reach through a connection string.</summary>
    public interface IResourceWithConnectionString : IResource, IExpressionValue, IValueWithReferences
    {
        /// <summary>The connection string as an expression.</summary>
        ReferenceExpression ConnectionStringExpression { get; }

        /// <summary>The environment variable to use instead of <c>ConnectionStrings__name</c>.</summary>
        string? ConnectionStringEnvironmentVariable => null;

        /// <summary>The connection string as text, when it is known.</summary>
        ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
            ConnectionStringExpression.GetValueAsync(cancellationToken);

        /// <summary>The parts of the connection string, for clients that want them apart.</summary>
        IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() => [];

        string IManifestExpressionProvider.ValueExpression => $"{{{Name}.connectionString}}";

        ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) => GetConnectionStringAsync(cancellationToken);

        ValueTask<string?> IValueProvider.GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken) =>
            GetConnectionStringAsync(cancellationToken);

        IEnumerable<object> IValueWithReferences.References => [ConnectionStringExpression];
    }

    /// <summary>The resources of an application.</summary>
    public interface IResourceCollection : IList<IResource>;

    internal sealed class ResourceCollection : System.Collections.ObjectModel.Collection<IResource>, IResourceCollection;

    /// <summary>The resources of a built application.</summary>
    public class DistributedApplicationModel(IResourceCollection resources)
    {
        /// <summary>The resources, in the order they were added.</summary>
        public IResourceCollection Resources { get; } = resources;
    }

    /// <summary>What to do with an annotation of a type that the resource already has.</summary>
    public enum ResourceAnnotationMutationBehavior
    {
        /// <summary>Add another.</summary>
        Append = 0,

        /// <summary>Put it in the place of those there are.</summary>
        Replace = 1,
    }

    /// <summary>Configures one resource of an application.</summary>
    public interface IResourceBuilder<out T>
        where T : IResource
    {
        /// <summary>The application being composed.</summary>
        IDistributedApplicationBuilder ApplicationBuilder { get; }

        /// <summary>The resource being configured.</summary>
        T Resource { get; }

        /// <summary>Adds an annotation made with its parameterless constructor.</summary>
        IResourceBuilder<T> WithAnnotation<TAnnotation>(ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
            where TAnnotation : IResourceAnnotation, new() => WithAnnotation(new TAnnotation(), behavior);

        /// <summary>Adds an annotation.</summary>
        IResourceBuilder<T> WithAnnotation<TAnnotation>(
            TAnnotation annotation,
            ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
            where TAnnotation : IResourceAnnotation;
    }

    internal static class ResourceName
    {
        public static void Validate(string name)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            var fault = name switch
            {
                { Length: > 64 } => "is longer than 64 characters",
                _ when !char.IsAsciiLetter(name[0]) => "does not start with an ASCII letter",
                _ when name.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-') => "contains something other than ASCII letters, digits and hyphens",
                _ when name.EndsWith('-') => "ends with a hyphen",
                _ when name.Contains("--", StringComparison.Ordinal) => "contains two hyphens in a row",
                _ => null,
            };
            if (fault is not null) throw new ArgumentException($"Resource name '{name}' is not valid: it {fault}.", nameof(name));
        }
    }
}

namespace Aspire.Hosting
{
    /// <summary>A resource that others find by name through service discovery.</summary>
    public interface IResourceWithServiceDiscovery : ApplicationModel.IResourceWithEndpoints;
}
