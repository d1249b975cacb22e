using System.Collections.ObjectModel;
using System.IO.Compression;
using Grpc.Core.Interceptors;
using Grpc.Net.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>Settings of all services, or of one; what a service leaves unset it takes from the general ones.</summary>
public class GrpcServiceOptions
{
    private int? _maxSendMessageSize;
    private int? _maxReceiveMessageSize;

    /// <summary>Largest message sent, in bytes; unlimited unless set.</summary>
    public int? MaxSendMessageSize
    {
        get => _maxSendMessageSize;
        set => (_maxSendMessageSize, MaxSendMessageSizeSpecified) = (value, true);
    }

    /// <summary>Largest message received, in bytes; 4 MB unless set, unlimited when set to null.</summary>
    public int? MaxReceiveMessageSize
    {
        get => _maxReceiveMessageSize;
        set => (_maxReceiveMessageSize, MaxReceiveMessageSizeSpecified) = (value, true);
    }

    /// <summary>Tells "unlimited" from "not set".</summary>
    public bool MaxSendMessageSizeSpecified { get; set; }

    /// <summary>Tells "unlimited" from "not set".</summary>
    public bool MaxReceiveMessageSizeSpecified { get; set; }

    /// <summary>Whether a client is told the type and message of an unexpected exception.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary>The encoding of responses, used where the client accepts it.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    public CompressionLevel? ResponseCompressionLevel { get; set; }

    public IList<ICompressionProvider> CompressionProviders { get; set; } = [];

    /// <summary>Whether calls of unknown services and methods fall through to other endpoints instead of UNIMPLEMENTED.</summary>
    public bool? IgnoreUnknownServices { get; set; }

    public InterceptorCollection Interceptors { get; } = [];
}

/// <summary>Settings of one service.</summary>
public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class;

/// <summary>Interceptors in the order in which they see a call.</summary>
public class InterceptorCollection : Collection<InterceptorRegistration>
{
    public void Add<TInterceptor>(params object[] args)
        where TInterceptor : Interceptor => Add(typeof(TInterceptor), args);

    public void Add(Type interceptorType, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(interceptorType);
        if (!interceptorType.IsSubclassOf(typeof(Interceptor))) throw new ArgumentException($"Type must inherit from {typeof(Interceptor).FullName}.", nameof(interceptorType));
        Add(new InterceptorRegistration(interceptorType, args));
    }
}

/// <summary>An interceptor type and the constructor arguments that do not come from dependency injection.</summary>
public class InterceptorRegistration
{
    private readonly object[] _arguments;

    internal InterceptorRegistration(Type type, object[] arguments)
    {
        Type = type;
        _arguments = [.. arguments];
    }

    public Type Type { get; }

    public IReadOnlyList<object> Arguments => _arguments;
}
