using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Relay;
using Qmtl.Messaging.Sql;
using Qmtl.Storage;

namespace Qmtl.Messaging.Kafka;

/// <summary>Makes a broker the log, and the database its outbox.</summary>
internal static class KafkaServices
{
    /// <summary>The broker's address, or null when there is none.</summary>
    public static string? Servers(IConfiguration configuration) => configuration.GetConnectionString(KafkaOptions.ConnectionName) is { Length: > 0 } servers ? servers : null;

    public static void AddKafkaLog(this IHostApplicationBuilder builder, string servers)
    {
        var options = builder.Configuration.GetSection(KafkaOptions.Section).Get<KafkaOptions>() ?? new KafkaOptions();
        if (options.Problem() is { } problem) throw new ArgumentException(problem, nameof(builder));
        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(new OutboxRetention(options.OutboxRetention));
        services.AddSingleton(provider => new KafkaClients(servers, options, provider.GetRequiredService<ILoggerFactory>()));
        services.TryAddSingleton<IBrokerAdmin>(provider => new BrokerAdmin(provider.GetRequiredService<KafkaClients>().NewAdmin, options));
        services.AddSingleton<KafkaReaders>();
        services.AddSingleton<KafkaTopics>();
        services.AddSingleton<ITopicAdmin>(provider => provider.GetRequiredService<KafkaTopics>());
        services.AddSingleton<IMessageLog, KafkaMessageLog>();
        services.AddSingleton<Outbox>();
        services.AddSingleton<RelayTelemetry>();
        services.AddSingleton(provider => new RelayLease(provider.GetRequiredService<IDatabase>(), options.RelayLease, provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService<OutboxRelay>();
        services.AddHealthChecks().AddCheck<KafkaHealthCheck>("kafka");
    }
}
