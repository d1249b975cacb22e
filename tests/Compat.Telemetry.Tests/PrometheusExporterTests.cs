using System.Diagnostics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using Qmtl.Testing;

namespace Compat.Telemetry.Tests;

public sealed class PrometheusExporterTests
{
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0";

    /// <summary>What Prometheus 2.49 and later sends.</summary>
    private const string PrometheusAccept =
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    [Theory]
    [InlineData(null)]
    [InlineData(OpenMetrics)]
    public async Task Scrape_NamesWithoutUnit_ComeOutExactlyAsGiven(string? accept)
    {
        await using var host = await StartAsync();
        host.Meter.CreateObservableGauge("gateway_e2e_latency_p95", () => 12.5);
        host.Meter.CreateObservableGauge("diff_duration_ms_p95", () => 80);
        host.Meter.CreateObservableGauge("compute_nodes_total", () => 7);
        host.Meter.CreateCounter<long>("lost_requests_total").Add(3);
        host.Meter.CreateUpDownCounter<long>("fingerprint_collisions").Add(2);
        host.Meter.CreateHistogram<double>("seamless_total_ms").Record(4);

        var page = MetricsPage.Parse(await host.ScrapeAsync(accept));

        Assert.Equal(12.5, page.Value("gateway_e2e_latency_p95"));
        Assert.Equal(80, page.Value("diff_duration_ms_p95"));
        Assert.Equal(7, page.Value("compute_nodes_total"));
        Assert.Equal(3, page.Value("lost_requests_total"));
        Assert.Equal(2, page.Value("fingerprint_collisions"));
        Assert.Equal(1, page.Value("seamless_total_ms_count"));
        Assert.Equal("gauge", page.Types["fingerprint_collisions"]);
        Assert.Equal("gauge", page.Types["compute_nodes_total"]);
        Assert.Equal("counter", page.Types[accept is null ? "lost_requests_total" : "lost_requests"]);
    }

    [Fact]
    public async Task Scrape_UnitsAndForeignCharacters_FollowTheNamingRules()
    {
        await using var host = await StartAsync();
        host.Meter.CreateCounter<long>("cache.read", "By").Add(10);
        host.Meter.CreateCounter<long>("requests", "{request}").Add(1);
        host.Meter.CreateHistogram<double>("call.duration", "s").Record(0.2);
        host.Meter.CreateObservableGauge("speed", () => 3, "By/s");
        host.Meter.CreateObservableGauge("load", () => 0.5, "1");

        var page = MetricsPage.Parse(await host.ScrapeAsync());

        Assert.Equal(10, page.Value("cache_read_bytes_total"));
        Assert.Equal(1, page.Value("requests_total"));
        Assert.Equal(1, page.Value("call_duration_seconds_count"));
        Assert.Equal(3, page.Value("speed_bytes_per_second"));
        Assert.Equal(0.5, page.Value("load"));
    }

    [Fact]
    public async Task Scrape_Histogram_HasCumulativeBucketsSumAndCount()
    {
        await using var host = await StartAsync(metrics => metrics.AddView("apply_duration_ms", new ExplicitBucketHistogramConfiguration { Boundaries = [1, 10, 100] }));
        var histogram = host.Meter.CreateHistogram<double>("apply_duration_ms");
        foreach (var value in new[] { 0.5, 1, 5, 50, 500 }) histogram.Record(value, new KeyValuePair<string, object?>("phase", "verify"));

        var page = MetricsPage.Parse(await host.ScrapeAsync());

        Assert.Equal("histogram", page.Types["apply_duration_ms"]);
        Assert.Equal([2, 3, 4, 5], page.Named("apply_duration_ms_bucket").Select(sample => sample.Value));
        Assert.Equal(["1", "10", "100", "+Inf"], page.Named("apply_duration_ms_bucket").Select(sample => sample.Labels["le"]));
        Assert.All(page.Named("apply_duration_ms_bucket"), sample => Assert.Equal("verify", sample.Labels["phase"]));
        Assert.Equal(556.5, page.Value("apply_duration_ms_sum"));
        Assert.Equal(5, page.Value("apply_duration_ms_count"));
    }

    [Fact]
    public async Task Scrape_LabelsWithSpecialCharacters_ReadBackAsTheyWere()
    {
        const string Awkward = "a \"quoted\" back\\slash\nand é";
        await using var host = await StartAsync();
        host.Meter.CreateCounter<long>("labelled_total", description: "Two\nlines").Add(1, new("reason", Awkward), new("field.name", "x"), new("flag", true));

        var text = await host.ScrapeAsync();

        var sample = Assert.Single(MetricsPage.Parse(text).Named("labelled_total"));
        Assert.Equal(Awkward, sample.Labels["reason"]);
        Assert.Equal("x", sample.Labels["field_name"]);
        Assert.Equal("true", sample.Labels["flag"]);
        Assert.Equal(host.Meter.Name, sample.Labels["otel_scope_name"]);
        Assert.Equal("1.2.3", sample.Labels["otel_scope_version"]);
        Assert.Contains("# HELP labelled_total Two\\nlines\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scrape_MeasuredInsideASpan_OpenMetricsCarriesItsTraceAsExemplar()
    {
        await using var host = await StartAsync();
        var counter = host.Meter.CreateCounter<long>("traced_total");
        var histogram = host.Meter.CreateHistogram<double>("traced_ms");
        ActivityTraceId trace;
        using (var span = host.Source.StartActivity("work"))
        {
            trace = span!.TraceId;
            counter.Add(1);
            histogram.Record(42);
        }

        var open = MetricsPage.Parse(await host.ScrapeAsync(OpenMetrics));
        var plain = MetricsPage.Parse(await host.ScrapeAsync());

        Assert.Contains($" # {{trace_id=\"{trace}\"", Assert.Single(open.Named("traced_total")).Rest, StringComparison.Ordinal);
        var bucket = Assert.Single(open.Named("traced_ms_bucket"), sample => sample.Rest.Length > 0);
        Assert.Contains(trace.ToString(), bucket.Rest, StringComparison.Ordinal);
        Assert.Equal("50", bucket.Labels["le"].Split('.')[0]);
        Assert.All(plain.Samples, sample => Assert.DoesNotContain("#", sample.Rest, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, "text/plain", "0.0.4")]
    [InlineData("*/*", "text/plain", "0.0.4")]
    [InlineData("text/html", "text/plain", "0.0.4")]
    [InlineData(OpenMetrics, "application/openmetrics-text", "1.0.0")]
    [InlineData(PrometheusAccept, "application/openmetrics-text", "1.0.0")]
    [InlineData("application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.9", "text/plain", "0.0.4")]
    public async Task Scrape_Accept_DecidesTheFormat(string? accept, string type, string version)
    {
        await using var host = await StartAsync();
        host.Meter.CreateCounter<long>("any_total").Add(1);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);

        using var response = await host.Client.SendAsync(request).Within(10);

        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(response.Content.Headers.ContentType.Parameters, p => p.Name == "version" && p.Value == version);
        Assert.Equal(version == "1.0.0", (await response.Content.ReadAsStringAsync()).EndsWith("# EOF\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scrape_SameNameInTwoMeters_IsOneFamily()
    {
        await using var host = await StartAsync(metrics => metrics.AddMeter("Test.Other"));
        using var other = new System.Diagnostics.Metrics.Meter("Test.Other");
        host.Meter.CreateCounter<long>("shared_total").Add(1);
        other.CreateCounter<long>("shared_total").Add(2);

        // The page's parser refuses a second TYPE line of the same family.
        var page = MetricsPage.Parse(await host.ScrapeAsync());

        Assert.Equal([1, 2], page.Named("shared_total").Select(sample => sample.Value).Order());
    }

    [Fact]
    public async Task Scrape_Resource_IsTargetInfo()
    {
        await using var host = await StartAsync();
        host.Meter.CreateCounter<long>("any_total").Add(1);

        var target = Assert.Single(MetricsPage.Parse(await host.ScrapeAsync(OpenMetrics)).Named("target_info"));

        Assert.Equal("telemetry-test", target.Labels["service_name"]);
        Assert.Equal("one", target.Labels["service_instance_id"]);
    }

    [Fact]
    public async Task Scrape_GzipAccepted_IsCompressed()
    {
        await using var host = await StartAsync();
        host.Meter.CreateCounter<long>("zipped_total").Add(5);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { AcceptEncoding = { new StringWithQualityHeaderValue("gzip") } } };

        using var response = await host.Client.SendAsync(request).Within(10);

        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        using var text = new StreamReader(new System.IO.Compression.GZipStream(await response.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress));
        Assert.Equal(5, MetricsPage.Parse(await text.ReadToEndAsync().Within(10)).Value("zipped_total"));
    }

    [Fact]
    public async Task Scrape_ManyAtOnceWhileCounting_NeverGoesBackAndEndsExact()
    {
        // A second reader that wants differences must not disturb the sums that Prometheus reads.
        using var delta = new BaseExportingMetricReader(new Discard()) { TemporalityPreference = MetricReaderTemporalityPreference.Delta };
        await using var host = await StartAsync(metrics => metrics.AddReader(delta), cacheMilliseconds: 0);
        var counter = host.Meter.CreateCounter<long>("busy_total");
        counter.Add(1);
        const int Writers = 4, PerWriter = 50_000;

        var writers = Enumerable.Range(0, Writers).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < PerWriter; i++) counter.Add(1);
        })).ToArray();
        var scrapers = Enumerable.Range(0, 6).Select(index => Task.Run(async () =>
        {
            var last = 0.0;
            for (var i = 0; i < 20; i++)
            {
                var now = MetricsPage.Parse(await host.ScrapeAsync(index % 2 == 0 ? OpenMetrics : null)).Value("busy_total");
                Assert.True(now >= last, $"went from {last} back to {now}");
                last = now;
                delta.Collect();
            }
        })).ToArray();
        await Task.WhenAll([.. writers, .. scrapers]).Within(60);

        Assert.Equal(1 + (Writers * PerWriter), MetricsPage.Parse(await host.ScrapeAsync()).Value("busy_total"));
    }

    [Fact]
    public async Task Map_WithoutExporter_SaysWhatToCall()
    {
        var error = await Assert.ThrowsAsync<ArgumentException>(() => TelemetryHost.StartAsync(map: app => app.MapPrometheusScrapingEndpoint()));

        Assert.Contains("PrometheusExporter", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Use_OtherPath_ServesThere()
    {
        await using var host = await TelemetryHost.StartAsync(
            metrics => metrics.AddPrometheusExporter(options => options.ScrapeEndpointPath = "/scrape"), map: app => app.UseOpenTelemetryPrometheusScrapingEndpoint());
        host.Meter.CreateCounter<long>("elsewhere_total").Add(1);

        var text = await host.Client.GetStringAsync(new Uri("/scrape", UriKind.Relative)).Within(10);

        Assert.Equal(1, MetricsPage.Parse(text).Value("elsewhere_total"));
    }

    [RequiresFact(Needs.Promtool)]
    public async Task Scrape_ByPrometheusItself_KeepsValuesHistogramsAndExemplars()
    {
        await using var host = await StartAsync();
        host.Meter.CreateObservableGauge("gateway_e2e_latency_p95", () => 12.5);
        var histogram = host.Meter.CreateHistogram<double>("judged_ms", description: "A \"quoted\" text.");
        var counter = host.Meter.CreateCounter<long>("judged_total");
        await using var prometheus = await PrometheusServer.StartAsync(new Uri(host.Client.BaseAddress!, "/metrics"));
        ActivityTraceId trace;
        using (var span = host.Source.StartActivity("judged"))
        {
            trace = span!.TraceId;
            histogram.Record(42, new KeyValuePair<string, object?>("reason", "a\"b\\c\nd"));
            counter.Add(3);
        }

        // It asks for OpenMetrics, and refuses a page over one wrong line.
        await TimeLimits.EventuallyAsync(async () => await prometheus.QueryAsync("judged_total") is [3]);

        Assert.Equal("", await prometheus.LastErrorAsync());
        Assert.Equal([12.5], await prometheus.QueryAsync("gateway_e2e_latency_p95"));
        Assert.Equal([1], await prometheus.QueryAsync("""judged_ms_bucket{le="50.0",reason="a\"b\\c\nd"} or judged_ms_bucket{le="50",reason="a\"b\\c\nd"}"""));
        await TimeLimits.EventuallyAsync(async () => (await prometheus.ExemplarTracesAsync("judged_ms_bucket")).Contains(trace.ToString()));
    }

    [RequiresFact(Needs.Promtool)]
    public async Task Scrape_PlainText_IsAcceptedByPromtool()
    {
        await using var host = await StartAsync();
        host.Meter.CreateCounter<long>("checked_total", description: "Checked.").Add(1, new KeyValuePair<string, object?>("reason", "a\"b\\c\nd"));
        host.Meter.CreateHistogram<double>("checked_wait_seconds", description: "Waited.").Record(1e-7);
        using var promtool = Process.Start(new ProcessStartInfo(Machine.OnPath("promtool")!, ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true })!;

        await promtool.StandardInput.WriteAsync(await host.ScrapeAsync());
        promtool.StandardInput.Close();
        var complaints = await promtool.StandardError.ReadToEndAsync().Within(20);
        await promtool.WaitForExitAsync().Within(20);

        // 3 is lint (names of the framework's own metrics); anything it cannot parse is 1.
        Assert.True(promtool.ExitCode is 0 or 3, complaints);
    }

    private static Task<TelemetryHost> StartAsync(Action<MeterProviderBuilder>? metrics = null, int cacheMilliseconds = 0) => TelemetryHost.StartAsync(
        provider =>
        {
            provider.AddPrometheusExporter(options => options.ScrapeResponseCacheDurationMilliseconds = cacheMilliseconds);
            metrics?.Invoke(provider);
        },
        map: app => app.MapPrometheusScrapingEndpoint());

    private sealed class Discard : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch) => ExportResult.Success;
    }
}
