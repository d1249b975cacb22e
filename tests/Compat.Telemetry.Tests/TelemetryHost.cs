using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Qmtl.Testing;

namespace Compat.Telemetry.Tests;

/// <summary>A web host on a free port with a meter and a source of its own, so that tests running side by side do not see each other.</summary>
internal sealed class TelemetryHost : IAsyncDisposable
{
    private readonly string _name = $"Test.{Guid.NewGuid():N}";
    private WebApplication _app = null!;

    private TelemetryHost()
    {
        Meter = new Meter(_name, "1.2.3");
        Source = new ActivitySource(_name);
    }

    public Meter Meter { get; }

    public ActivitySource Source { get; }

    public ConcurrentQueue<Activity> Spans { get; } = new();

    public HttpClient Client { get; private set; } = null!;

    public static async Task<TelemetryHost> StartAsync(
        Action<MeterProviderBuilder>? metrics = null, Action<TracerProviderBuilder>? tracing = null, Action<WebApplication>? map = null)
    {
        var host = new TelemetryHost();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("telemetry-test", serviceInstanceId: "one"))
            .WithMetrics(provider =>
            {
                provider.AddMeter(host._name).SetExemplarFilter(ExemplarFilterType.TraceBased);
                metrics?.Invoke(provider);
            })
            .WithTracing(provider =>
            {
                provider.AddSource(host._name).AddProcessor(new SimpleActivityExportProcessor(new Recorder(host.Spans)));
                tracing?.Invoke(provider);
            });
        host._app = builder.Build();
        map?.Invoke(host._app);
        await host._app.StartAsync().Within(20);
        var address = host._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        host.Client = new HttpClient { BaseAddress = new Uri(address) };
        return host;
    }

    /// <summary>The span called <paramref name="name"/>; it ends a moment after its response was read.</summary>
    public async Task<Activity> SpanAsync(string name)
    {
        for (var wait = Stopwatch.StartNew(); wait.Elapsed < TimeSpan.FromSeconds(10);)
        {
            if (Spans.FirstOrDefault(span => span.DisplayName == name) is { } found) return found;
            await Task.Delay(10);
        }

        throw new TimeoutException($"No span '{name}' came; there were: {string.Join(", ", Spans.Select(span => span.DisplayName))}");
    }

    public async Task<string> ScrapeAsync(string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await Client.SendAsync(request).Within(20);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync().Within(20);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Meter.Dispose();
        Source.Dispose();
        await _app.DisposeAsync();
    }

    private sealed class Recorder(ConcurrentQueue<Activity> spans) : BaseExporter<Activity>
    {
        public override ExportResult Export(in Batch<Activity> batch)
        {
            foreach (var activity in batch) spans.Enqueue(activity);
            return ExportResult.Success;
        }
    }
}
