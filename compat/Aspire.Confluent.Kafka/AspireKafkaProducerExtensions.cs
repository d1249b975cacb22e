using Aspire.Confluent.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

public static class AspireKafkaProducerExtensions
{
    private const string Section = "Aspire:Confluent:Kafka:Producer";
    private const string HealthCheckName = "Aspire.Confluent.Kafka.Producer";

    public static void AddKafkaProducer<TKey, TValue>(this IHostApplicationBuilder builder, string connectionName) =>
        Add<TKey, TValue>(builder, connectionName, serviceKey: null, configureSettings: null, configureBuilder: null);

    public static void AddKafkaProducer<TKey, TValue>(this IHostApplicationBuilder builder, string connectionName, Action<KafkaProducerSettings>? configureSettings) =>
        Add<TKey, TValue>(builder, connectionName, serviceKey: null, configureSettings, configureBuilder: null);

    public static void AddKafkaProducer<TKey, TValue>(
        this IHostApplicationBuilder builder, string connectionName, Action<KafkaProducerSettings>? configureSettings, Action<ProducerBuilder<TKey, TValue>>? configureBuilder) =>
        Add(builder, connectionName, serviceKey: null, configureSettings, configureBuilder);

    public static void AddKeyedKafkaProducer<TKey, TValue>(this IHostApplicationBuilder builder, string name) =>
        Add<TKey, TValue>(builder, name, serviceKey: name, configureSettings: null, configureBuilder: null);

    public static void AddKeyedKafkaProducer<TKey, TValue>(this IHostApplicationBuilder builder, string name, Action<KafkaProducerSettings>? configureSettings) =>
        Add<TKey, TValue>(builder, name, serviceKey: name, configureSettings, configureBuilder: null);

    public static void AddKeyedKafkaProducer<TKey, TValue>(
        this IHostApplicationBuilder builder, string name, Action<KafkaProducerSettings>? configureSettings, Action<ProducerBuilder<TKey, TValue>>? configureBuilder) =>
        Add(builder, name, serviceKey: name, configureSettings, configureBuilder);

    private static void Add<TKey, TValue>(
        IHostApplicationBuilder builder, string connectionName, string? serviceKey, Action<KafkaProducerSettings>? configureSettings, Action<ProducerBuilder<TKey, TValue>>? configureBuilder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var settings = new KafkaProducerSettings();
        KafkaRegistration.Bind(builder, Section, connectionName, settings, settings.Config, text => settings.ConnectionString = text);
        configureSettings?.Invoke(settings);
        if (settings.ConnectionString is { } servers) settings.Config.BootstrapServers = servers;

        builder.Services.AddKeyedSingleton(serviceKey, (services, _) =>
        {
            KafkaRegistration.RequireServers(settings.Config);
            var kafka = new ProducerBuilder<TKey, TValue>(settings.Config);
            configureBuilder?.Invoke(kafka);
            KafkaRegistration.SetLog(services, write => kafka.SetLogHandler((_, message) => write(message)));
            return kafka.Build();
        });
        if (!settings.DisableHealthChecks) KafkaRegistration.AddHealthCheck(builder, serviceKey is null ? HealthCheckName : $"{HealthCheckName}_{connectionName}", settings.Config);
    }
}
