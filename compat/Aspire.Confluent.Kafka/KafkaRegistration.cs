using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Confluent.Kafka;

/// <summary>What producers and consumers are registered by alike.</summary>
internal static class KafkaRegistration
{
    private const string LogCategory = "Aspire.Confluent.Kafka";

    /// <summary>Binds the sections, the more specific one last, and then the connection string.</summary>
    public static void Bind(IHostApplicationBuilder builder, string section, string connectionName, object settings, ClientConfig config, Action<string> connectionString)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var all = builder.Configuration.GetSection(section);
        var named = all.GetSection(connectionName);
        all.Bind(settings);
        named.Bind(settings);
        all.GetSection("Config").Bind(config);
        named.GetSection("Config").Bind(config);
        if (builder.Configuration.GetConnectionString(connectionName) is { } text) connectionString(text);
    }

    public static void AddHealthCheck(IHostApplicationBuilder builder, string name, ClientConfig config)
    {
        builder.Services.TryAddKeyedSingleton(name, (_, _) => new KafkaHealthCheck(config));
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(name, services => services.GetRequiredKeyedService<KafkaHealthCheck>(name), failureStatus: null, tags: null));
    }

    public static void RequireServers(ClientConfig config)
    {
        if (string.IsNullOrEmpty(config.BootstrapServers)) throw new InvalidOperationException("No bootstrap servers configured.");
    }

    /// <summary>A handler that the caller has set already stays: setting a second one throws.</summary>
    public static void SetLog(IServiceProvider services, Action<Action<LogMessage>> set)
    {
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(LogCategory);
        try
        {
            set(message =>
            {
                var level = (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging);
                if (logger.IsEnabled(level)) logger.Log(level, "{Facility}: {Text}", message.Facility, message.Message);
            });
        }
        catch (InvalidOperationException)
        {
            logger.LogWarning("LogHandler is already set. Skipping... No logs will be written.");
        }
    }
}
