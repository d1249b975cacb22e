using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Bench.Measuring;
using Qmtl.ServiceDefaults.Endpoints;

namespace Qmtl.Bench.Policy;

/// <summary>
/// One client that asks a WorldService on SQLite for a decision over loopback HTTP, again and again on one connection. The baseline is an endpoint of the
/// same server that answers the same bytes and does nothing else.
/// </summary>
internal sealed class DecideOverHttp() : Benchmark(
    "decide-http",
    "GET /worlds/w/decide on one kept connection, 95th percentile; baseline: the same bytes from an endpoint that decides nothing",
    Goal.Value(must: 0.2))
{
    private const string World = "w";
    private const string Plain = "plain";
    private const int Strategies = 20;
    private const int Turns = 5;

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var requests = scale switch { Scale.Full => 10_000, Scale.Quick => 2_000, _ => 50 };
        var directory = Directory.CreateTempSubdirectory("qmtl-bench-");
        byte[] answer = [];
        await using var app = await StartAsync(directory.FullName, () => answer, cancellationToken);
        using var client = new HttpClient { BaseAddress = app.Services.GetRequiredService<QmtlEndpoints>()[QmtlEndpointOptions.Http] };
        await PrepareAsync(client, cancellationToken);
        answer = await client.GetByteArrayAsync($"worlds/{World}/decide", cancellationToken);
        if (!Encoding.UTF8.GetString(answer).Contains("\"effective_mode\":\"live\"", StringComparison.Ordinal)) throw new InvalidOperationException("The world under measurement does not decide as it should.");

        await TimeAsync(client, Plain, requests, cancellationToken);
        await TimeAsync(client, $"worlds/{World}/decide", requests, cancellationToken);
        var (baseline, ours) = (new double[Turns], new double[Turns]);
        for (var turn = 0; turn < Turns; turn++)
        {
            baseline[turn] = await TimeAsync(client, Plain, requests, cancellationToken);
            ours[turn] = await TimeAsync(client, $"worlds/{World}/decide", requests, cancellationToken);
        }

        await app.StopAsync(cancellationToken);
        directory.Delete(recursive: true);
        var (plain, decide) = (baseline.Order().ElementAt(Turns / 2), ours.Order().ElementAt(Turns / 2));
        return [new Measurement(Name, "ms", decide, plain, plain / decide, requests)];
    }

    /// <summary>The 95th percentile of so many requests, in milliseconds.</summary>
    private static async Task<double> TimeAsync(HttpClient client, string path, int requests, CancellationToken cancellationToken)
    {
        var times = new double[requests];
        for (var i = 0; i < requests; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            using var response = await client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            response.EnsureSuccessStatusCode();
            await response.Content.ReadAsByteArrayAsync(cancellationToken);
            times[i] = TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[(int)(requests * 0.95)];
    }

    private static async Task<WebApplication> StartAsync(string directory, Func<byte[]> answer, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Bench" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["HTTP_PORT"] = "0", ["GRPC_PORT"] = "0", ["Storage:Directory"] = directory, ["Auth:Mode"] = "local" });
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddWorldService();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.UseQmtlAuthentication();
        app.MapDefaultEndpoints();
        app.MapWorldService();
        app.MapWorldServiceJson();
        app.MapGet("/" + Plain, async (HttpContext http) =>
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer().Length;
            await http.Response.BodyWriter.WriteAsync(answer(), http.RequestAborted);
        });
        await app.StartAsync(cancellationToken);
        return app;
    }

    /// <summary>A world that may go live, with active strategies and data.</summary>
    private static async Task PrepareAsync(HttpClient client, CancellationToken cancellationToken)
    {
        string[] strategies = [.. Enumerable.Range(0, Strategies).Select(number => $"s{number:D3}")];
        await SendAsync("worlds", new { id = World, allow_live = true, policy = "thresholds: {s: {metric: sharpe, min: 1}}" });
        await SendAsync($"worlds/{World}/bindings", new { strategies });
        await SendAsync($"worlds/{World}/history", new { strategy_id = strategies[0], node_id = "price", interval = 60, rows = 1_000, dataset_fingerprint = "sha256:" + new string('0', 64), as_of = "2026-01-01T00:00:00Z" });
        await SendAsync($"worlds/{World}/decisions", new { strategies });

        async Task SendAsync(string path, object body)
        {
            using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
            using var response = await client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw new InvalidOperationException(await response.Content.ReadAsStringAsync(cancellationToken));
        }
    }
}
