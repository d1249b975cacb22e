using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Makes one object per call: the container's own if it is registered there, else a new one that the call disposes.</summary>
internal sealed class InstanceActivator<T>
    where T : class
{
    private readonly Lazy<ObjectFactory<T>> _factory = new(() => ActivatorUtilities.CreateFactory<T>([]));

    public Activated<T> Create(IServiceProvider services) =>
        services.GetService<T>() is { } registered ? new Activated<T>(registered, Owned: false) : new Activated<T>(_factory.Value(services, []), Owned: true);
}

/// <summary>An object and whether it ends with the call.</summary>
internal readonly record struct Activated<T>(T Instance, bool Owned) : IAsyncDisposable
    where T : class
{
    public ValueTask DisposeAsync()
    {
        if (!Owned) return ValueTask.CompletedTask;
        switch (Instance)
        {
            case IAsyncDisposable asynchronous:
                return asynchronous.DisposeAsync();
            case IDisposable disposable:
                disposable.Dispose();
                break;
        }

        return ValueTask.CompletedTask;
    }
}
