using Grpc.Core;

namespace Grpc.Net.Client.Internal;

/// <summary>Takes composed credentials apart.</summary>
internal static class CredentialsReader
{
    /// <summary>The call credentials inside channel credentials, which must fit the address.</summary>
    public static IReadOnlyList<CallCredentials> ReadChannel(ChannelCredentials? credentials, bool secureAddress)
    {
        if (credentials is null) return [];
        var parts = new ChannelParts();
        credentials.InternalPopulateConfiguration(parts, parts);
        if (parts.Secure is true && !secureAddress)
            throw new InvalidOperationException("Channel is configured with secure channel credentials and can't use a HttpClient with a 'http' scheme.");
        if (parts.Secure is false && secureAddress)
            throw new InvalidOperationException("Channel is configured with insecure channel credentials and can't use a HttpClient with a 'https' scheme.");
        return parts.Calls;
    }

    /// <summary>The interceptors inside call credentials, in order.</summary>
    public static IEnumerable<AsyncAuthInterceptor> ReadCall(CallCredentials credentials)
    {
        var parts = new CallParts();
        credentials.InternalPopulateConfiguration(parts, null);
        return parts.Interceptors;
    }

    private sealed class ChannelParts : ChannelCredentialsConfiguratorBase
    {
        public List<CallCredentials> Calls { get; } = [];

        public bool? Secure { get; private set; }

        public override void SetInsecureCredentials(object state) => Secure = false;

        public override void SetCompositeCredentials(object state, ChannelCredentials channelCredentials, CallCredentials callCredentials)
        {
            channelCredentials.InternalPopulateConfiguration(this, this);
            Calls.Add(callCredentials);
        }

        internal override void SetSslCredentials(object state) => Secure = true;
    }

    private sealed class CallParts : CallCredentialsConfiguratorBase
    {
        public List<AsyncAuthInterceptor> Interceptors { get; } = [];

        public override void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor) => Interceptors.Add(interceptor);

        public override void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials)
        {
            foreach (var part in credentials) part.InternalPopulateConfiguration(this, state);
        }
    }
}
