using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Kafka;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Sql;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging;

/// <summary>Puts the bus into a host.</summary>
public static class MessagingExtensions
{
    /// <summary>
    /// Adds <see cref="IControlBus"/>, <see cref="ICommitLog"/> and what they stand on, over the database of
    /// <see cref="StorageExtensions.AddQmtlStorage"/>, which it adds too. The database is the log; with a connection string <c>kafka</c> it is the outbox of that
    /// broker. Calling it again changes nothing.
    /// </summary>
    public static IHostApplicationBuilder AddQmtlMessaging(this IHostApplicationBuilder builder)
    {
        builder.AddQmtlStorage();
        if (builder.Services.Any(service => service.ServiceType == typeof(IMessageLog))) return builder;
        builder.AddQmtlMigrations("bus", typeof(MessagingExtensions).Assembly);
        builder.Services.AddSingleton<LogSignal>();
        builder.Services.AddSingleton<MessagingTelemetry>();
        builder.Services.AddSingleton<IOutbox, SqlOutbox>();
        builder.Services.AddSingleton<SqlTopics>();
        if (KafkaServices.Servers(builder.Configuration) is { } servers) builder.AddKafkaLog(servers);
        else builder.AddSqlLog();
        builder.Services.AddSingleton<ISubscriptions, Subscriptions>();
        builder.Services.AddSingleton<IRedrive, Redrive>();
        builder.Services.AddSingleton<IControlBus, ControlBus>();
        builder.Services.AddSingleton<ICommitLog, CommitLog>();
        builder.Services.AddHostedService<RetentionService>();
        if (builder.Services.Any(service => service.ServiceType == typeof(NpgsqlDataSource))) builder.Services.AddHostedService<PostgresNotifications>();
        return builder;
    }

    private static void AddSqlLog(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IMessageLog, SqlMessageLog>();
        builder.Services.AddSingleton<ITopicAdmin>(services => services.GetRequiredService<SqlTopics>());
    }
}

/// <summary>Trims the log now and then.</summary>
internal sealed partial class RetentionService(ITopicAdmin topics, TimeProvider clock, ILogger<RetentionService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                Log.Trimmed(logger, await topics.TrimAsync(stoppingToken));
            }
            catch (StorageException error)
            {
                Log.Failed(logger, error.Message);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Retention removed {Count} records")]
        public static partial void Trimmed(ILogger logger, long count);

        [LoggerMessage(2, LogLevel.Warning, "Retention failed and is tried again later: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
