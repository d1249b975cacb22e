using System.Globalization;
using System.Text.Json;

namespace Qmtl.Testing;

/// <summary>A Prometheus of our own that scrapes one address every second: the judge of whether a metrics page is right.</summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    private readonly ServerProcess _process;
    private readonly HttpClient _http;

    private PrometheusServer(ServerProcess process, HttpClient http)
    {
        _process = process;
        _http = http;
    }

    /// <summary>Starts scraping <paramref name="target"/>. Needs <see cref="Needs.Promtool"/>: both binaries come in one package.</summary>
    public static async Task<PrometheusServer> StartAsync(Uri target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var binary = Machine.OnPath("prometheus") ?? throw new InvalidOperationException(Machine.WhyMissing(Needs.Promtool) ?? "needs prometheus");
        var folder = Directory.CreateTempSubdirectory("qmtl-prometheus-").FullName;
        var configuration = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, $$"""
            global: { scrape_interval: 1s }
            scrape_configs:
              - job_name: target
                metrics_path: {{target.AbsolutePath}}
                static_configs: [{ targets: ["{{target.Authority}}"] }]
            """);
        var port = ServerProcess.FreePort();
        var process = ServerProcess.Start(folder, "TERM",
        [
            binary, "--config.file", configuration, "--storage.tsdb.path", Path.Combine(folder, "data"), "--enable-feature", "exemplar-storage",
            "--web.listen-address", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"),
        ]);
        var http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) };
        await process.WaitUntilAsync(() => ReadyAsync(http), "prometheus");
        return new PrometheusServer(process, http);
    }

    /// <summary>Why the last scrape failed; empty after one that worked, null before the first.</summary>
    public async Task<string?> LastErrorAsync()
    {
        var target = (await GetAsync("/api/v1/targets")).GetProperty("activeTargets").EnumerateArray().FirstOrDefault();
        return target.ValueKind != JsonValueKind.Object || target.GetProperty("health").GetString() == "unknown" ? null : target.GetProperty("lastError").GetString();
    }

    /// <summary>The values that <paramref name="expression"/> has now.</summary>
    public async Task<IReadOnlyList<double>> QueryAsync(string expression) =>
    [
        .. (await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}")).GetProperty("result").EnumerateArray()
            .Select(series => double.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)),
    ];

    /// <summary>Trace ids of the exemplars that were kept for <paramref name="expression"/>.</summary>
    public async Task<IReadOnlyList<string>> ExemplarTracesAsync(string expression) =>
    [
        .. (await GetAsync($"/api/v1/query_exemplars?query={Uri.EscapeDataString(expression)}&start=0&end=9999999999")).EnumerateArray()
            .SelectMany(series => series.GetProperty("exemplars").EnumerateArray())
            .Select(exemplar => exemplar.GetProperty("labels").GetProperty("trace_id").GetString()!),
    ];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var answer = JsonDocument.Parse(await _http.GetStringAsync(new Uri(path, UriKind.Relative)).Within(10));
        return answer.RootElement.GetProperty("data").Clone();
    }

    private static async Task<bool> ReadyAsync(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync(new Uri("/-/ready", UriKind.Relative)).Within(5);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
