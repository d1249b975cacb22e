using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Gives every endpoint its address before anything starts, so that references need no waiting.</summary>
internal static class EndpointAllocator
{
    /// <exception cref="DistributedApplicationException">Fixed ports are taken: every one of them is named.</exception>
    public static void Allocate(IEnumerable<IResource> resources)
    {
        var wanted = resources
            .SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => (Resource: resource, Endpoint: endpoint)))
            .Where(pair => pair.Endpoint.AllocatedEndpoint is null)
            .ToArray();

        // Fixed ports first: a free port must not be one that somebody else asked for.
        using var held = new HeldPorts();
        var faults = new List<string>();
        var owners = new Dictionary<int, string>();
        foreach (var (resource, endpoint) in wanted)
        {
            if (FixedPort(resource, endpoint) is not { } port) continue;
            var name = $"resource '{resource.Name}', endpoint '{endpoint.Name}'";
            if (owners.TryGetValue(port, out var owner)) faults.Add($"port {port} is asked for by both {owner} and {name}");
            else if (!held.TryHold(port)) faults.Add($"port {port} of {name} is already in use on this machine: end what uses it, or give the endpoint another port");
            owners.TryAdd(port, name);
        }

        if (faults.Count > 0) throw new DistributedApplicationException("Nothing was started: " + string.Join("; ", faults) + ".");
        foreach (var (resource, endpoint) in wanted)
        {
            endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", FixedPort(resource, endpoint) ?? held.HoldFree());
        }
    }

    /// <summary>Ports for the replicas of a resource, or for a process that listens elsewhere than its clients connect to.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<EndpointAnnotation, int>> TargetPorts(IResource resource)
    {
        var replicas = resource.GetReplicaCount();
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        if (replicas > 1 && endpoints.FirstOrDefault(endpoint => !endpoint.IsProxied) is { } direct)
        {
            throw new DistributedApplicationException(
                $"Resource '{resource.Name}' uses multiple replicas and a proxy-less endpoint '{direct.Name}'. These features do not work together.");
        }

        using var held = new HeldPorts();
        return [.. Enumerable.Range(0, replicas).Select(_ => endpoints.ToDictionary(endpoint => endpoint, endpoint => Target(resource, endpoint, replicas, held)))];
    }

    private static int Target(IResource resource, EndpointAnnotation endpoint, int replicas, HeldPorts held)
    {
        if (replicas > 1) return held.HoldFree();
        return resource is ContainerResource ? endpoint.AllocatedEndpoint!.Port : endpoint.TargetPort ?? endpoint.AllocatedEndpoint!.Port;
    }

    /// <remarks>The target port of a container is its own business; a process of this machine really listens there.</remarks>
    private static int? FixedPort(IResource resource, EndpointAnnotation endpoint)
    {
        if (resource is ContainerResource) return endpoint.Port;
        return endpoint.IsProxied ? endpoint.Port ?? endpoint.TargetPort : endpoint.TargetPort ?? endpoint.Port;
    }

    /// <summary>Ports that stay taken until all are chosen, so that none is given twice.</summary>
    private sealed class HeldPorts : IDisposable
    {
        private readonly List<TcpListener> _listeners = [];

        public bool TryHold(int port)
        {
            var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
            }
            catch (SocketException)
            {
                listener.Dispose();
                return false;
            }

            _listeners.Add(listener);
            return true;
        }

        public int HoldFree()
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            _listeners.Add(listener);
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        public void Dispose()
        {
            foreach (var listener in _listeners) listener.Dispose();
        }
    }
}
