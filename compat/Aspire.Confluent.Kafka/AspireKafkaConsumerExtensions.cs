using Aspire.Confluent.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

public static class AspireKafkaConsumerExtensions
{
    private const string Section = "Aspire:Confluent:Kafka:Consumer";
    private const string HealthCheckName = "Aspire.Confluent.Kafka.Consumer";

    public static void AddKafkaConsumer<TKey, TValue>(this IHostApplicationBuilder builder, string connectionName) =>
        Add<TKey, TValue>(builder, connectionName, serviceKey: null, configureSettings: null, configureBuilder: null);

    public static void AddKafkaConsumer<TKey, TValue>(this IHostApplicationBuilder builder, string connectionName, Action<KafkaConsumerSettings>? configureSettings) =>
        Add<TKey, TValue>(builder, connectionName, serviceKey: null, configureSettings, configureBuilder: null);

    public static void AddKafkaConsumer<TKey, TValue>(
        this IHostApplicationBuilder builder, string connectionName, Action<KafkaConsumerSettings>? configureSettings, Action<ConsumerBuilder<TKey, TValue>>? configureBuilder) =>
        Add(builder, connectionName, serviceKey: null, configureSettings, configureBuilder);

    public static void AddKeyedKafkaConsumer<TKey, TValue>(this IHostApplicationBuilder builder, string name) =>
        Add<TKey, TValue>(builder, name, serviceKey: name, configureSettings: null, configureBuilder: null);

    public static void AddKeyedKafkaConsumer<TKey, TValue>(this IHostApplicationBuilder builder, string name, Action<KafkaConsumerSettings>? configureSettings) =>
        Add<TKey, TValue>(builder, name, serviceKey: name, configureSettings, configureBuilder: null);

    public static void AddKeyedKafkaConsumer<TKey, TValue>(
        this IHostApplicationBuilder builder, string name, Action<KafkaConsumerSettings>? configureSettings, Action<ConsumerBuilder<TKey, TValue>>? configureBuilder) =>
        Add(builder, name, serviceKey: name, configureSettings, configureBuilder);

    private static void Add<TKey, TValue>(
        IHostApplicationBuilder builder, string connectionName, string? serviceKey, Action<KafkaConsumerSettings>? configureSettings, Action<ConsumerBuilder<TKey, TValue>>? configureBuilder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var settings = new KafkaConsumerSettings();
        KafkaRegistration.Bind(builder, Section, connectionName, settings, settings.Config, text => settings.ConnectionString = text);
        configureSettings?.Invoke(settings);
        if (settings.ConnectionString is { } servers) settings.Config.BootstrapServers = servers;

        builder.Services.AddKeyedSingleton(serviceKey, (services, _) =>
        {
            KafkaRegistration.RequireServers(settings.Config);
            if (settings.Config.GroupId is null) throw new InvalidOperationException("No group id configured.");
            var kafka = new ConsumerBuilder<TKey, TValue>(settings.Config);
            configureBuilder?.Invoke(kafka);
            KafkaRegistration.SetLog(services, write => kafka.SetLogHandler((_, message) => write(message)));
            return kafka.Build();
        });
        if (!settings.DisableHealthChecks) KafkaRegistration.AddHealthCheck(builder, serviceKey is null ? HealthCheckName : $"{HealthCheckName}_{connectionName}", settings.Config);
    }
}
