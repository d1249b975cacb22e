using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>Has resources send their telemetry.</summary>
public static class OtlpConfigurationExtensions
{
    internal const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Tells the resource its name, and the receiver that the AppHost is configured with.</summary>
    public static IResourceBuilder<T> WithOtlpExporter<T>(this IResourceBuilder<T> builder)
        where T : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(builder);
        var configuration = builder.ApplicationBuilder.Configuration;
        var development = builder.ApplicationBuilder.Environment.IsDevelopment();
        var instance = $"{builder.Resource.Name}-{Guid.NewGuid():N}"[..(builder.Resource.Name.Length + 9)];
        return builder.WithEnvironment(context =>
        {
            if (context.ExecutionContext.IsPublishMode) return;
            var variables = context.EnvironmentVariables;
            AddReceiver(variables, name => configuration[name]);
            variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instance}";
            variables["OTEL_SERVICE_NAME"] = builder.Resource.Name;
            if (configuration["AppHost:OtlpApiKey"] is { } key) variables["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={key}";
            if (development) AddShortDelays(variables);
        });
    }

    private static void AddReceiver(Dictionary<string, object> variables, Func<string, string?> configured)
    {
        var grpc = configured("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL") ?? configured("DOTNET_DASHBOARD_OTLP_ENDPOINT_URL");
        var http = configured("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL") ?? configured("DOTNET_DASHBOARD_OTLP_HTTP_ENDPOINT_URL");
        if (grpc is null && http is null) return;
        variables[EndpointVariable] = grpc ?? http!;
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = grpc is null ? "http/protobuf" : "grpc";
    }

    private static void AddShortDelays(Dictionary<string, object> variables)
    {
        foreach (var delay in new[] { "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL" }) variables[delay] = "1000";
        variables["OTEL_TRACES_SAMPLER"] = "always_on";
        variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
    }
}
