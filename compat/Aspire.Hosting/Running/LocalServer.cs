using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Runs a container's server from binaries installed here.</summary>
internal interface ILocalServer
{
    /// <summary>Prepares the data folder and says what to start.</summary>
    Task<ProcessPlan> PrepareAsync(LocalServerContext context, CancellationToken cancellationToken);

    /// <summary>Does what has to be done once the server answers, before anyone else may use it.</summary>
    Task ReadyAsync(LocalServerContext context, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>What a local server works with.</summary>
/// <param name="Folder">The folder for its data.</param>
/// <param name="Keeps">Whether the folder outlives the application.</param>
/// <param name="Say">Tells the user something.</param>
internal sealed record LocalServerContext(string Folder, bool Keeps, Action<string> Say);

/// <summary>Says that a container can be run without a container runtime.</summary>
internal sealed class LocalServerAnnotation(ILocalServer server) : IResourceAnnotation
{
    public ILocalServer Server { get; } = server;
}
