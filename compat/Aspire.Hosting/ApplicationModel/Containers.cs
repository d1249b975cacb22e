namespace Aspire.Hosting.ApplicationModel;

/// <summary>A container: published as its image, run as the server of that kind installed here.</summary>
public class ContainerResource(string name, string? entrypoint = null)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
{
    /// <summary>The program to run instead of the image's own.</summary>
    public string? Entrypoint { get; set; } = entrypoint;
}

/// <summary>How long a container lives.</summary>
public enum ContainerLifetime
{
    /// <summary>As long as the application.</summary>
    Session = 0,

    /// <summary>Longer than the application. A server run from here ends with it all the same.</summary>
    Persistent = 1,
}

/// <summary>Says how long a container lives.</summary>
public sealed class ContainerLifetimeAnnotation : IResourceAnnotation
{
    /// <summary>How long.</summary>
    public required ContainerLifetime Lifetime { get; set; }
}

/// <summary>The image of a container.</summary>
public sealed class ContainerImageAnnotation : IResourceAnnotation
{
    /// <summary>The registry, if not the default.</summary>
    public string? Registry { get; set; }

    /// <summary>The image.</summary>
    public required string Image { get; set; }

    /// <summary>The tag.</summary>
    public string? Tag { get; set; }

    internal string FullName => (Registry is null ? "" : Registry + "/") + Image + (Tag is null ? "" : ":" + Tag);
}

/// <summary>The kind of a mount.</summary>
public enum ContainerMountType
{
    /// <summary>A folder of the host.</summary>
    BindMount = 0,

    /// <summary>A named volume.</summary>
    Volume = 1,
}

/// <summary>A mount of a container.</summary>
public sealed class ContainerMountAnnotation(string? source, string target, ContainerMountType type, bool isReadOnly) : IResourceAnnotation
{
    /// <summary>The folder or the volume's name.</summary>
    public string? Source { get; } = source;

    /// <summary>Where the container sees it.</summary>
    public string Target { get; } = target;

    /// <summary>The kind.</summary>
    public ContainerMountType Type { get; } = type;

    /// <summary>Whether the container may not write.</summary>
    public bool IsReadOnly { get; } = isReadOnly;
}
