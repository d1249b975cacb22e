using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Qmtl.Testing;

namespace Compat.Clients.Tests;

public sealed class KafkaClientTests
{
    [RequiresFact(Needs.Kafka)]
    public async Task Kafka_ProducerAndConsumer_PassAMessageAndAreHealthy()
    {
        using var cluster = KafkaMockCluster.Start();
        var builder = Builder(new()
        {
            ["ConnectionStrings:kafka"] = cluster.BootstrapServers,
            ["Aspire:Confluent:Kafka:Producer:Config:Acks"] = "All",
            ["Aspire:Confluent:Kafka:Consumer:Config:GroupId"] = "compat",
        });
        builder.AddKafkaProducer<string, string>("kafka", settings =>
        {
            Assert.Equal(Acks.All, settings.Config.Acks);
            settings.Config.EnableIdempotence = true;
        });
        builder.AddKafkaConsumer<string, string>("kafka", settings => settings.Config.AutoOffsetReset = AutoOffsetReset.Earliest);
        using var host = builder.Build();

        var sent = await host.Services.GetRequiredService<IProducer<string, string>>()
            .ProduceAsync("control", new Message<string, string> { Key = "world-1", Value = "activated" }).Within(30);
        var consumer = host.Services.GetRequiredService<IConsumer<string, string>>();
        consumer.Subscribe("control");
        var received = await Task.Run(() => consumer.Consume(TimeSpan.FromSeconds(30))).Within(40);

        Assert.Equal(PersistenceStatus.Persisted, sent.Status);
        Assert.Equal(("world-1", "activated"), (received.Message.Key, received.Message.Value));
        var health = host.Services.GetRequiredService<HealthCheckService>();
        var report = await health.CheckHealthAsync().Within(30);
        // The first check makes its connection within its time limit; on a busy machine a later one has to say how things are.
        for (var attempt = 1; attempt < 5 && report.Status != HealthStatus.Healthy; attempt++) report = await health.CheckHealthAsync().Within(30);
        Assert.Equal(HealthStatus.Healthy, report.Entries["Aspire.Confluent.Kafka.Producer"].Status);
        Assert.Equal(HealthStatus.Healthy, report.Entries["Aspire.Confluent.Kafka.Consumer"].Status);
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Kafka_NobodyThere_IsUnhealthy()
    {
        var builder = Builder(new() { ["ConnectionStrings:kafka"] = $"127.0.0.1:{Ports.Unused()}" });
        builder.AddKeyedKafkaProducer<string, string>("kafka");
        using var host = builder.Build();

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync().Within(30);

        Assert.Equal(HealthStatus.Unhealthy, report.Entries["Aspire.Confluent.Kafka.Producer_kafka"].Status);
    }

    [Fact]
    public void Kafka_NoServersOrGroup_SaysWhichIsMissing()
    {
        var builder = Builder([]);
        builder.AddKafkaProducer<string, string>("kafka");
        builder.AddKafkaConsumer<string, string>("kafka", settings => settings.Config.BootstrapServers = "127.0.0.1:1");
        using var host = builder.Build();

        Assert.Contains("bootstrap servers", Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<IProducer<string, string>>).Message, StringComparison.Ordinal);
        Assert.Contains("group id", Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<IConsumer<string, string>>).Message, StringComparison.Ordinal);
    }

    private static HostApplicationBuilder Builder(Dictionary<string, string?> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        return builder;
    }
}
