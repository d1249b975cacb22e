using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The service and interceptors made for one call, disposed with it in reverse order.</summary>
internal sealed class CallObjects(IServiceProvider services) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _owned = new();

    public T Service<T>(InstanceActivator<T> activator)
        where T : class
    {
        var activated = activator.Create(services);
        if (activated.Owned) _owned.Push(activated);
        return activated.Instance;
    }

    public Interceptor Interceptor(InterceptorRegistration registration)
    {
        // An interceptor with arguments of its own cannot come from the container.
        if (registration.Arguments.Count == 0 && services.GetService(registration.Type) is Interceptor registered) return registered;
        var created = (Interceptor)ActivatorUtilities.CreateInstance(services, registration.Type, [.. registration.Arguments]);
        _owned.Push(new Activated<Interceptor>(created, Owned: true));
        return created;
    }

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var owned)) await owned.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>Puts the interceptors of a method around its handler, the first one outermost.</summary>
internal sealed class InterceptorPipeline(IReadOnlyList<InterceptorRegistration> registrations)
{
    public TDelegate Wrap<TDelegate>(CallObjects objects, TDelegate target, Func<Interceptor, TDelegate, TDelegate> around)
    {
        for (var i = registrations.Count - 1; i >= 0; i--) target = around(objects.Interceptor(registrations[i]), target);
        return target;
    }
}
