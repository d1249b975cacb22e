namespace Qmtl.Client;

/// <summary>A whole stack inside this process: nothing to install, nothing to start. Disposing it ends it.</summary>
public interface IEmbeddedStack : IAsyncDisposable
{
    /// <summary>The Gateway over HTTP/1.1.</summary>
    Uri GatewayHttp { get; }

    /// <summary>The Gateway over gRPC (HTTP/2 without TLS); WorldService and DagManager answer there too.</summary>
    Uri GatewayGrpc { get; }
}

/// <summary>Starts embedded stacks. Hosts bring the implementation, so that the client needs no server code.</summary>
public interface IEmbeddedStackFactory
{
    /// <summary>Starts a stack that keeps its state in <paramref name="stateDirectory"/>, which is made when it is missing.</summary>
    /// <param name="stateDirectory">The folder. What was acknowledged there before is there again.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <returns>The stack, ready for calls.</returns>
    Task<IEmbeddedStack> StartAsync(string stateDirectory, CancellationToken cancellationToken = default);
}
