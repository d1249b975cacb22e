using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting;

/// <summary>Adds Kafka.</summary>
public static class KafkaBuilderExtensions
{
    private const string Registry = "docker.io";
    private const string Image = "confluentinc/confluent-local";
    private const string Tag = "8.2.0";
    private const int BrokerPort = 9092;
    private const int InternalPort = 9093;
    private const string DataFolder = "/var/lib/kafka/data";

    /// <summary>Adds a broker: published as its image. There is no broker binary to run it from without a container runtime.</summary>
    public static IResourceBuilder<KafkaServerResource> AddKafka(this IDistributedApplicationBuilder builder, string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var kafka = new KafkaServerResource(name);
        return builder.AddResource(kafka)
            .WithEndpoint(port: port, targetPort: BrokerPort, name: KafkaServerResource.PrimaryEndpointName)
            .WithEndpoint(targetPort: InternalPort, name: KafkaServerResource.InternalEndpointName)
            .WithImage(Image, Tag)
            .WithImageRegistry(Registry)
            .WithEnvironment(context => AddListeners(kafka, context.EnvironmentVariables))
            .WithAnnotation(new LocalServerAnnotation(new NoLocalKafka(name)));
    }

    /// <summary>Keeps the data when the application ends.</summary>
    public static IResourceBuilder<KafkaServerResource> WithDataVolume(this IResourceBuilder<KafkaServerResource> builder, string? name = null, bool isReadOnly = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .WithEnvironment("KAFKA_LOG_DIRS", DataFolder)
            .WithVolume(name ?? builder.VolumeName("data"), DataFolder, isReadOnly);
    }

    private static void AddListeners(KafkaServerResource kafka, Dictionary<string, object> variables)
    {
        variables["KAFKA_LISTENERS"] =
            $"PLAINTEXT://localhost:29092,CONTROLLER://localhost:29093,PLAINTEXT_HOST://0.0.0.0:{BrokerPort},PLAINTEXT_INTERNAL://0.0.0.0:{InternalPort}";
        variables["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"] = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT,PLAINTEXT_INTERNAL:PLAINTEXT";
        variables["KAFKA_ADVERTISED_LISTENERS"] = ReferenceExpression.Create(
            $"PLAINTEXT://{kafka.Host}:29092,PLAINTEXT_HOST://{kafka.PrimaryEndpoint.Property(EndpointProperty.HostAndPort)},PLAINTEXT_INTERNAL://{kafka.InternalEndpoint.Property(EndpointProperty.HostAndPort)}");
    }
}

/// <summary>Says what is needed instead.</summary>
internal sealed class NoLocalKafka(string name) : ILocalServer
{
    public Task<ProcessPlan> PrepareAsync(LocalServerContext context, CancellationToken cancellationToken) => throw new DistributedApplicationException(
        $"a Kafka broker cannot be started here without a container runtime: run a broker elsewhere and give its address as ConnectionStrings:{name} " +
        $"(AddConnectionString(\"{name}\") in place of AddKafka), or compose the application without Kafka");
}
