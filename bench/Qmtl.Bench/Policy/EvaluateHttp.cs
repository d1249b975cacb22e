using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Bench.Measuring;
using Qmtl.ServiceDefaults.Endpoints;

namespace Qmtl.Bench.Policy;

/// <summary>WorldService on the loopback over a SQLite file that syncs: how long an evaluation of a whole world takes, durable record included.</summary>
internal sealed class EvaluateHttp(string name, string what, Goal? goal, EvaluateBody body) : Benchmark(name, what, goal)
{
    private const string Policy =
        """
        thresholds: {dd: {metric: max_dd, max: 0.25}, sharpe: {metric: sharpe, min: 0.5}}
        selection:
          score: sharpe_90d + 0.5 * winrate - max_dd
          topk: {total: 20}
        """;

    private const int StrategyCount = 1_000;

    // A service that runs for a day is not the one of its first seconds: what a request runs must have been replaced by the compiler's last tier, however
    // long that takes on this machine. Until then it is slower than ever, since it counts what it does.
    private const int CompiledWhenWarm = 5;
    private static readonly TimeSpan WarmUpStep = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(60);

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var strategies = body is EvaluateBody.Series ? 1 : scale is Scale.Full ? StrategyCount : StrategyCount / 10;
        var rounds = scale is Scale.Full ? 200 : scale is Scale.Quick ? 40 : 3;
        var directory = Directory.CreateTempSubdirectory("qmtl-bench-");
        try
        {
            await using var app = await StartAsync(directory.FullName, cancellationToken);
            using var http = new HttpClient { BaseAddress = app.Services.GetRequiredService<QmtlEndpoints>()[QmtlEndpointOptions.Http] };
            await SetUpAsync(http, strategies, cancellationToken);
            var bodies = new EvaluateRequestBody(body, strategies);
            var sent = 0;
            var begun = Stopwatch.GetTimestamp();
            for (var compiled = long.MaxValue; scale is Scale.Full && compiled > CompiledWhenWarm && Stopwatch.GetElapsedTime(begun) < LongestWarmUp;)
            {
                var (before, step) = (JitInfo.GetCompiledMethodCount(), Stopwatch.GetTimestamp());
                while (Stopwatch.GetElapsedTime(step) < WarmUpStep) await SendAsync(http, bodies.Of(++sent), cancellationToken);
                compiled = JitInfo.GetCompiledMethodCount() - before;
            }

            var times = new double[rounds];
            var spent = TimeSpan.Zero;
            for (var round = 0; round < rounds; round++)
            {
                var content = bodies.Of(++sent);
                var before = Environment.CpuUsage.TotalTime;
                times[round] = await SendAsync(http, content, cancellationToken);
                spent += Environment.CpuUsage.TotalTime - before;
            }

            Array.Sort(times);
            return
            [
                new Measurement(Name, "ms (p95)", times[(int)Math.Ceiling(rounds * 0.95) - 1], Baseline: null, Ratio: null, strategies),
                new Measurement(Name + "-p50", "ms (p50)", times[(rounds - 1) / 2], Baseline: null, Ratio: null, strategies),

                // Client and service together; unlike the time that passes it does not grow when the machine has other work.
                new Measurement(Name + "-cpu", "ms (processor)", spent.TotalMilliseconds / rounds, Baseline: null, Ratio: null, strategies),
            ];
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<WebApplication> StartAsync(string directory, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["HTTP_PORT"] = "0",
            ["GRPC_PORT"] = "0",
            ["Storage:Directory"] = directory,
            ["Auth:Mode"] = "local",
        });
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddWorldService();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.UseQmtlAuthentication();
        app.MapWorldServiceJson();
        await app.StartAsync(cancellationToken);
        return app;
    }

    private static async Task SetUpAsync(HttpClient http, int strategies, CancellationToken cancellationToken)
    {
        await PostAsync(http, "/worlds", Json("""{"id":"bench"}"""), cancellationToken);
        var policy = new StringContent(Policy, Encoding.UTF8, "application/yaml");
        await PostAsync(http, "/worlds/bench/policies", policy, cancellationToken);
        await PostAsync(http, "/worlds/bench/bindings", Json($$"""{"strategies":[{{string.Join(",", Enumerable.Range(0, strategies).Select(i => $"\"{EvaluateRequestBody.Id(i)}\""))}}]}"""), cancellationToken);
        await PostAsync(http, "/worlds/bench/evaluate", new EvaluateRequestBody(EvaluateBody.Repeated, strategies).Of(0), cancellationToken);
    }

    private static async Task PostAsync(HttpClient http, string path, HttpContent content, CancellationToken cancellationToken)
    {
        using (content)
        {
            using var response = await http.PostAsync(path, content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"{path} answered {response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    /// <summary>Milliseconds until the answer was there.</summary>
    private static async Task<double> SendAsync(HttpClient http, HttpContent content, CancellationToken cancellationToken)
    {
        using (content)
        {
            var started = Stopwatch.GetTimestamp();
            using var response = await http.PostAsync("/worlds/bench/evaluate", content, cancellationToken);
            await response.Content.ReadAsByteArrayAsync(cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started);
            response.EnsureSuccessStatusCode();
            return elapsed.TotalMilliseconds;
        }
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
}
