using System.Collections;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Grpc.AspNetCore.HealthChecks;

/// <summary>Which health checks stand for which gRPC service.</summary>
public sealed class GrpcHealthChecksOptions
{
    /// <summary>Service names and their checks; the empty name is the server as a whole, and means all checks unless mapped otherwise.</summary>
    public ServiceMappingCollection Services { get; } = [];
}

/// <summary>A health check about to be chosen for a service.</summary>
public sealed class HealthCheckMapContext
{
    internal HealthCheckMapContext(string name, IEnumerable<string> tags)
    {
        Name = name;
        Tags = tags;
    }

    public string Name { get; }

    public IEnumerable<string> Tags { get; }
}

/// <summary>A service and the choice of its checks.</summary>
public sealed class ServiceMapping
{
    public ServiceMapping(string name, Func<HealthCheckMapContext, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(predicate);
        Name = name;
        HealthCheckPredicate = predicate;
    }

    public string Name { get; }

    public Func<HealthCheckMapContext, bool> HealthCheckPredicate { get; }

    internal bool Covers(HealthCheckRegistration check) => HealthCheckPredicate(new HealthCheckMapContext(check.Name, check.Tags));
}

/// <summary>Services by name.</summary>
public sealed class ServiceMappingCollection : IEnumerable<ServiceMapping>
{
    private readonly Dictionary<string, ServiceMapping> _byName = new(StringComparer.Ordinal);

    public int Count => _byName.Count;

    /// <summary>Maps a service to the checks <paramref name="predicate"/> chooses; a later mapping replaces an earlier one.</summary>
    public void Map(string name, Func<HealthCheckMapContext, bool> predicate) => _byName[name] = new ServiceMapping(name, predicate);

    public void Clear() => _byName.Clear();

    public IEnumerator<ServiceMapping> GetEnumerator() => _byName.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal ServiceMapping? Find(string name) => _byName.GetValueOrDefault(name);
}
