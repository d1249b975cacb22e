using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;
using OpenTelemetry.Exporter.Prometheus;

namespace OpenTelemetry.Metrics;

public static class PrometheusExporterMeterProviderBuilderExtensions
{
    public static MeterProviderBuilder AddPrometheusExporter(this MeterProviderBuilder builder) => AddPrometheusExporter(builder, name: null, configure: null);

    public static MeterProviderBuilder AddPrometheusExporter(this MeterProviderBuilder builder, Action<PrometheusAspNetCoreOptions> configure) =>
        AddPrometheusExporter(builder, name: null, configure);

    public static MeterProviderBuilder AddPrometheusExporter(this MeterProviderBuilder builder, string? name, Action<PrometheusAspNetCoreOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        name ??= Options.DefaultName;
        if (configure is not null) builder.ConfigureServices(services => services.Configure(name, configure));

        // In the container too, because that is where the scraping endpoint looks for it.
        var key = new object();
        builder.ConfigureServices(services => services
            .AddKeyedSingleton(key, (provider, _) => new PrometheusExporter(provider.GetRequiredService<IOptionsMonitor<PrometheusAspNetCoreOptions>>().Get(name)))
            .AddSingleton(provider => provider.GetRequiredKeyedService<PrometheusExporter>(key)));

        // Prometheus keeps the difference between scrapes itself: it wants sums since start, whatever other readers prefer.
        return builder.AddReader(provider => new BaseExportingMetricReader(provider.GetRequiredKeyedService<PrometheusExporter>(key))
        {
            TemporalityPreference = MetricReaderTemporalityPreference.Cumulative,
        });
    }
}
