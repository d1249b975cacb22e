using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Grpc.Net.ClientFactory.Internal;

/// <summary>Wraps call invokers as a client's settings say.</summary>
internal static class ClientInvokers
{
    public static CallInvoker Intercept(CallInvoker invoker, GrpcClientFactoryOptions settings, InterceptorScope scope, IServiceProvider services)
    {
        Interceptor[] interceptors = [.. settings.InterceptorRegistrations.Where(registration => registration.Scope == scope).Select(registration => registration.Creator(services))];
        return interceptors.Length == 0 ? invoker : invoker.Intercept(interceptors);
    }

    public static CallInvoker WithCallOptions(CallInvoker invoker, GrpcClientFactoryOptions settings, IServiceProvider services)
    {
        if (settings.CallOptionsActions.Count == 0) return invoker;
        return invoker.Intercept(new CallOptionsInterceptor(options =>
        {
            var context = new CallOptionsContext(options, services);
            foreach (var change in settings.CallOptionsActions) change(context);
            return context.CallOptions;
        }));
    }
}
