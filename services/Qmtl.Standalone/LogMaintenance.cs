using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Kafka;
using Qmtl.Messaging.Log;
using Qmtl.Storage;

namespace Qmtl.Standalone;

/// <summary>The message log of a stack, looked at and mended from outside of it.</summary>
public sealed class LogMaintenance : IAsyncDisposable
{
    private readonly StateMaintenance _state;

    private LogMaintenance(StateMaintenance state) => _state = state;

    /// <summary>The topics and groups.</summary>
    public ITopicAdmin Topics => _state.Get<ITopicAdmin>();

    /// <summary>The records.</summary>
    public IMessageLog Log => _state.Get<IMessageLog>();

    /// <summary>Sends dead letters back.</summary>
    public IRedrive Redrive => _state.Get<IRedrive>();

    /// <summary>Opens the log of a stack.</summary>
    /// <param name="stateDirectory">The folder of an embedded stack; not used when <paramref name="postgres"/> is given.</param>
    /// <param name="postgres">Connection string of the database, or null.</param>
    /// <param name="kafka">Bootstrap servers when a broker is the log, or null.</param>
    public static LogMaintenance Open(string stateDirectory, string? postgres, string? kafka)
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            [$"{StorageOptions.Section}:{nameof(StorageOptions.Directory)}"] = Path.GetFullPath(stateDirectory),
            [$"ConnectionStrings:{StorageExtensions.ConnectionName}"] = postgres,
            [$"ConnectionStrings:{KafkaOptions.ConnectionName}"] = kafka,
        };
        return new LogMaintenance(StateMaintenance.Open(settings));
    }

    /// <inheritdoc cref="StateMaintenance.IsThereAsync"/>
    public Task<bool> IsThereAsync(CancellationToken cancellationToken = default) => _state.IsThereAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _state.DisposeAsync();
}
