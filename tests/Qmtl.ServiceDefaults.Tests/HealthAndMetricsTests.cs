using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Qmtl.Testing;

namespace Qmtl.ServiceDefaults.Tests;

public sealed class HealthAndMetricsTests
{
    [Theory]
    [InlineData("/health/live", HttpStatusCode.OK)]
    [InlineData("/alive", HttpStatusCode.OK)]
    [InlineData("/health/ready", HttpStatusCode.ServiceUnavailable)]
    public async Task Health_DependencyDown_LivesButIsNotReady(string path, HttpStatusCode expected)
    {
        await using var service = await TestService.StartAsync(add: builder => builder.Services.AddHealthChecks()
            .AddCheck("store", () => HealthCheckResult.Unhealthy("the disk is full", new InvalidOperationException("secret detail"))));
        using var client = new HttpClient();

        using var response = await client.GetAsync(new Uri(service.Http, path)).Within(10);

        Assert.Equal(expected, response.StatusCode);
        var body = await response.Content.ReadAsStringAsync().Within(10);
        var health = JsonDocument.Parse(body).RootElement;
        Assert.Equal("healthy", health.GetProperty("checks").GetProperty("self").GetProperty("status").GetString());
        Assert.DoesNotContain("secret detail", body, StringComparison.Ordinal);
        if (expected == HttpStatusCode.OK) return;
        Assert.Equal("unhealthy", health.GetProperty("status").GetString());
        Assert.Equal("the disk is full", health.GetProperty("checks").GetProperty("store").GetProperty("description").GetString());
    }

    [Fact]
    public async Task Health_AllWell_IsReady()
    {
        await using var service = await TestService.StartAsync();
        using var client = new HttpClient();

        using var response = await client.GetAsync(new Uri(service.Http, "/health/ready")).Within(10);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Metrics_OfOwnMeters_AreServedUnderTheirExactNames()
    {
        await using var service = await TestService.StartAsync();
        using var meter = new Meter("Qmtl.ServiceDefaults.Tests");
        meter.CreateObservableGauge("gateway_e2e_latency_p95", () => 17.5);
        meter.CreateCounter<long>("lost_requests_total").Add(2);
        meter.CreateHistogram<double>("activation_skew_seconds").Record(0.3);
        meter.CreateHistogram<double>("world_eval_duration_ms").Record(30);
        using var client = new HttpClient();

        var text = await client.GetStringAsync(new Uri(service.Http, "/metrics")).Within(10);

        Assert.Contains("\ngateway_e2e_latency_p95{", text, StringComparison.Ordinal);
        Assert.Contains("\nlost_requests_total{", text, StringComparison.Ordinal);
        Assert.Matches("""\nactivation_skew_seconds_bucket\{[^}]*le="0\.25"\} 0\n""", text);
        Assert.Matches("""\nactivation_skew_seconds_bucket\{[^}]*le="0\.5"\} 1\n""", text);
        Assert.Matches("""\nworld_eval_duration_ms_bucket\{[^}]*le="50"\} 1\n""", text);
        Assert.Contains("\ndotnet_gc_collections_total{", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LogFormat_Json_SelectsTheJsonFormatter()
    {
        await using var app = TestService.Build(new() { ["LOG_FORMAT"] = "json" });

        Assert.Equal(ConsoleFormatterNames.Json, app.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName);
    }

    [Fact]
    public void LogFormat_Unknown_IsRefused()
    {
        var error = Assert.Throws<InvalidOperationException>(() => TestService.Build(new() { ["LOG_FORMAT"] = "xml" }));

        Assert.Contains("LOG_FORMAT was 'xml'", error.Message, StringComparison.Ordinal);
    }
}
