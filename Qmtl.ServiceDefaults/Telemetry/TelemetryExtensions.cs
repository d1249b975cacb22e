using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Microsoft.Extensions.Hosting;

/// <summary>Logs, metrics and traces.</summary>
public static class TelemetryExtensions
{
    /// <summary>Meters and activity sources carry the name of their assembly, so one pattern collects them all.</summary>
    private const string OwnNames = "Qmtl.*";

    /// <summary>Bounds of histograms named <c>*_seconds</c>; the SDK's own bounds suit milliseconds.</summary>
    private static readonly double[] SecondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];

    /// <summary>
    /// Metrics are kept for <c>/metrics</c> always; logs, metrics and traces leave over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a receiver.
    /// <c>LOG_FORMAT=json</c> writes the console log as one JSON object a line.
    /// </summary>
    public static TBuilder ConfigureOpenTelemetry<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Logging.AddOpenTelemetry(static logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        QuietFramework(builder.Configuration);
        ConfigureConsole(builder);

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => Describe(resource, builder))
            .WithMetrics(metrics => ConfigureMetrics(metrics, builder.Configuration))
            .WithTracing(tracing => tracing
                .AddSource(OwnNames, builder.Environment.ApplicationName)
                .AddAspNetCoreInstrumentation(static options => options.Filter = static context => !IsProbe(context.Request.Path))
                .AddHttpClientInstrumentation());
        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) telemetry.UseOtlpExporter();
        return builder;
    }

    /// <summary>Traces tell of each request; the log is for what happened. Below every other source, so that any setting still wins.</summary>
    private static void QuietFramework(IConfigurationBuilder configuration) => configuration.Sources.Insert(0, new MemoryConfigurationSource
    {
        InitialData = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Logging:LogLevel:Microsoft.AspNetCore"] = nameof(LogLevel.Warning),
            ["Logging:LogLevel:System.Net.Http.HttpClient"] = nameof(LogLevel.Warning),
            ["Logging:LogLevel:Grpc"] = nameof(LogLevel.Warning),
            ["Logging:LogLevel:Npgsql"] = nameof(LogLevel.Warning),
        },
    });

    private static void ConfigureMetrics(MeterProviderBuilder metrics, IConfiguration configuration)
    {
        metrics
            .AddMeter(OwnNames)
            .AddAspNetCoreInstrumentation()
            .AddHttpClientInstrumentation()
            .AddRuntimeInstrumentation()
            .AddView(static instrument => instrument.Name.EndsWith("_seconds", StringComparison.Ordinal) && IsHistogram(instrument)
                ? new ExplicitBucketHistogramConfiguration { Boundaries = SecondsBounds }
                : null)
            .AddPrometheusExporter();

        // An exemplar leads from a slow bucket to the trace that fell into it; the standard variable still decides where it is set.
        if (string.IsNullOrEmpty(configuration["OTEL_METRICS_EXEMPLAR_FILTER"])) metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
    }

    private static bool IsHistogram(System.Diagnostics.Metrics.Instrument instrument)
    {
        var type = instrument.GetType();
        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(System.Diagnostics.Metrics.Histogram<>);
    }

    private static void Describe<TBuilder>(ResourceBuilder resource, TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        // What the environment says of this process (an orchestrator does) wins over what the process thinks.
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_SERVICE_NAME"])) resource.AddService(builder.Environment.ApplicationName);
        if (Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion is { } version)
        {
            resource.AddAttributes([new KeyValuePair<string, object>("service.version", version)]);
        }
    }

    private static void ConfigureConsole<TBuilder>(TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        switch (builder.Configuration["LOG_FORMAT"])
        {
            case null or "" or "text":
                break;
            case "json":
                builder.Logging.AddJsonConsole(static options =>
                {
                    options.IncludeScopes = true;
                    options.UseUtcTimestamp = true;
                    options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffffffZ";
                });
                builder.Services.PostConfigure<ConsoleLoggerOptions>(static options => options.FormatterName = ConsoleFormatterNames.Json);
                break;
            case var other:
                throw new InvalidOperationException($"LOG_FORMAT was '{other}': use 'text' or 'json'.");
        }
    }

    /// <summary>Probes and scrapes come every few seconds and say nothing of what users do.</summary>
    private static bool IsProbe(PathString path) =>
        path.StartsWithSegments("/health", StringComparison.Ordinal) || path.StartsWithSegments("/alive", StringComparison.Ordinal) || path.StartsWithSegments("/metrics", StringComparison.Ordinal);
}
