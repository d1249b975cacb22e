using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Qmtl.Testing;

namespace Compat.Telemetry.Tests;

public sealed class InstrumentationTests
{
    [Fact]
    public async Task IncomingRequest_WithRoute_IsNamedByIt()
    {
        await using var host = await StartAsync(app => app.MapGet("/worlds/{id}", (string id) => id));

        await host.Client.GetStringAsync(new Uri("/worlds/w1?token=secret&flag", UriKind.Relative)).Within(10);

        var span = await host.SpanAsync("GET /worlds/{id}");
        Assert.Equal(ActivityKind.Server, span.Kind);
        Assert.Equal("/worlds/{id}", span.GetTagItem("http.route"));
        Assert.Equal("GET", span.GetTagItem("http.request.method"));
        Assert.Equal(200, span.GetTagItem("http.response.status_code"));
        Assert.Equal("/worlds/w1", span.GetTagItem("url.path"));
        Assert.DoesNotContain("secret", Assert.IsType<string>(span.GetTagItem("url.query")), StringComparison.Ordinal);
        Assert.Equal("1.1", span.GetTagItem("network.protocol.version"));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    [Theory]
    [InlineData(404, ActivityStatusCode.Unset)]
    [InlineData(503, ActivityStatusCode.Error)]
    public async Task IncomingRequest_Status_IsAnErrorOnlyOfTheServer(int status, ActivityStatusCode expected)
    {
        await using var host = await StartAsync(app => app.MapGet("/answer", () => Results.StatusCode(status)));

        using var response = await host.Client.GetAsync(new Uri("/answer", UriKind.Relative)).Within(10);

        var span = await host.SpanAsync("GET /answer");
        Assert.Equal(status, span.GetTagItem("http.response.status_code"));
        Assert.Equal(expected, span.Status);
    }

    [Fact]
    public async Task IncomingRequest_Throws_RecordsTheException()
    {
        await using var host = await StartAsync(app => app.MapGet("/fails", string () => throw new InvalidOperationException("on purpose")));

        using var response = await host.Client.GetAsync(new Uri("/fails", UriKind.Relative)).Within(10);

        var span = await host.SpanAsync("GET /fails");
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal(typeof(InvalidOperationException).FullName, span.GetTagItem("error.type"));
        Assert.Contains(span.Events, happened => happened.Name == "exception");
    }

    [Fact]
    public async Task IncomingRequest_FilteredOut_LeavesNoSpanNorAnyBeneath()
    {
        TelemetryHost host = null!;
        await using var started = host = await StartAsync(app =>
        {
            app.MapGet("/health", () =>
            {
                using var inner = host.Source.StartActivity("inner of health");
                return "ok";
            });
            app.MapGet("/work", () => "ok");
        });

        await host.Client.GetStringAsync(new Uri("/health", UriKind.Relative)).Within(10);
        await host.Client.GetStringAsync(new Uri("/work", UriKind.Relative)).Within(10);

        await host.SpanAsync("GET /work");
        Assert.DoesNotContain(host.Spans, span => span.DisplayName.Contains("health", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OutgoingRequest_ToAnInstrumentedHost_SharesItsTraceWithTheServerSpan()
    {
        await using var host = await StartAsync(app => app.MapGet("/far", () => "ok"));

        using (host.Source.StartActivity("root")) await host.Client.GetStringAsync(new Uri("/far", UriKind.Relative)).Within(10);

        var root = await host.SpanAsync("root");
        var server = await host.SpanAsync("GET /far");
        var client = Assert.Single(host.Spans, span => span.Kind == ActivityKind.Client && span.TraceId == root.TraceId);
        Assert.Equal(root.TraceId, server.TraceId);
        Assert.Equal(root.SpanId, client.ParentSpanId);
        Assert.Equal(client.SpanId, server.ParentSpanId);
        Assert.Equal("enriched", client.GetTagItem("test.mark"));
    }

    [Fact]
    public async Task OutgoingRequest_FilteredOut_LeavesNoClientSpan()
    {
        await using var host = await StartAsync(app => app.MapGet("/quiet", () => "ok"));

        ActivityTraceId trace;
        using (var root = host.Source.StartActivity("quiet root"))
        {
            trace = root!.TraceId;
            await host.Client.GetStringAsync(new Uri("/quiet", UriKind.Relative)).Within(10);
        }

        await host.SpanAsync("quiet root");
        Assert.DoesNotContain(host.Spans, span => span.Kind == ActivityKind.Client && span.TraceId == trace);
    }

    [Fact]
    public async Task Metrics_OfTheFramework_AreCollected()
    {
        await using var host = await TelemetryHost.StartAsync(
            metrics => metrics.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter(options => options.ScrapeResponseCacheDurationMilliseconds = 0),
            map: app =>
            {
                app.MapPrometheusScrapingEndpoint();
                app.MapGet("/counted", () => "ok");
            });
        await host.Client.GetStringAsync(new Uri("/counted", UriKind.Relative)).Within(10);

        // The duration is recorded a moment after the response went out.
        var page = await Poll.UntilAsync(
            async () => MetricsPage.Parse(await host.ScrapeAsync()),
            found => found.Named("http_server_request_duration_seconds_count").Any(sample => sample.Labels.GetValueOrDefault("http_route") == "/counted"));

        Assert.NotEmpty(page.Named("http_client_request_duration_seconds_count"));
        Assert.Contains(page.Samples, sample => sample.Name.StartsWith("dotnet_gc_", StringComparison.Ordinal));
    }

    private static Task<TelemetryHost> StartAsync(Action<WebApplication> map) => TelemetryHost.StartAsync(
        tracing: tracing => tracing
            .AddAspNetCoreInstrumentation(options =>
            {
                options.Filter = context => context.Request.Path != "/health";
                options.RecordException = true;
            })
            .AddHttpClientInstrumentation(options =>
            {
                options.FilterHttpRequestMessage = request => request.RequestUri!.AbsolutePath != "/quiet";
                options.EnrichWithHttpRequestMessage = (activity, _) => activity.SetTag("test.mark", "enriched");
            }),
        map: map);
}

internal static class Poll
{
    public static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> good)
    {
        for (var wait = Stopwatch.StartNew(); ;)
        {
            var value = await read();
            if (good(value)) return value;
            if (wait.Elapsed > TimeSpan.FromSeconds(10)) throw new TimeoutException("What was waited for did not come within 10 s.");
            await Task.Delay(20);
        }
    }
}
