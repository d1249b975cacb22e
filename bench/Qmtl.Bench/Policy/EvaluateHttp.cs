using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Bench.Measuring;
using Qmtl.ServiceDefaults.Endpoints;

namespace Qmtl.Bench.Policy;

/// <summary>What an evaluation finds in its request.</summary>
internal enum EvaluateBody
{
    /// <summary>Metrics of every strategy, as reported before.</summary>
    Repeated,

    /// <summary>Metrics of every strategy, all of them new.</summary>
    Changed,

    /// <summary>Nothing: the service finds the metrics itself.</summary>
    Sourced,

    /// <summary>The returns of one strategy, 100,000 of them.</summary>
    Series,
}

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

    private const int Points = 100_000;
    private const int StrategyCount = 1_000;

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
            var times = new double[rounds];
            for (var round = -(rounds / 4) - 1; round < rounds; round++)
            {
                using var content = Json(Body(strategies, round));
                var started = Stopwatch.GetTimestamp();
                using var response = await http.PostAsync("/worlds/bench/evaluate", content, cancellationToken);
                await response.Content.ReadAsByteArrayAsync(cancellationToken);
                if (round >= 0) times[round] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                response.EnsureSuccessStatusCode();
            }

            Array.Sort(times);
            return [new Measurement(Name, "ms (p95)", times[(int)Math.Ceiling(rounds * 0.95) - 1], Baseline: null, Ratio: null, strategies)];
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
            ["WorldService:EnforceRoles"] = "false",
        });
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddWorldService();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.MapWorldServiceJson();
        await app.StartAsync(cancellationToken);
        return app;
    }

    private static async Task SetUpAsync(HttpClient http, int strategies, CancellationToken cancellationToken)
    {
        await PostAsync(http, "/worlds", Json("""{"id":"bench"}"""), cancellationToken);
        var policy = new StringContent(Policy, Encoding.UTF8, "application/yaml");
        await PostAsync(http, "/worlds/bench/policies", policy, cancellationToken);
        await PostAsync(http, "/worlds/bench/bindings", Json($$"""{"strategies":[{{string.Join(",", Enumerable.Range(0, strategies).Select(i => $"\"{Id(i)}\""))}}]}"""), cancellationToken);
        await PostAsync(http, "/worlds/bench/evaluate", Json(Metrics(strategies, 0, "set-up")), cancellationToken);
    }

    private static async Task PostAsync(HttpClient http, string path, HttpContent content, CancellationToken cancellationToken)
    {
        using (content)
        {
            using var response = await http.PostAsync(path, content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"{path} answered {response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    private string Body(int strategies, int round)
    {
        var run = string.Create(CultureInfo.InvariantCulture, $"run-{round}");
        return body switch
        {
            EvaluateBody.Repeated => Metrics(strategies, 0, run),
            EvaluateBody.Changed => Metrics(strategies, round * 1e-9, run),
            EvaluateBody.Sourced => $$"""{"run_id":"{{run}}","strategy_id":"{{Id(0)}}"}""",
            _ => $$"""{"run_id":"{{run}}","strategy_id":"{{Id(0)}}","series":{"{{Id(0)}}":{"returns":[{{Returns(round)}}] } } }""",
        };
    }

    private static string Metrics(int strategies, double shift, string run)
    {
        var random = new Random(11);
        var json = new StringBuilder($$"""{"run_id":"{{run}}","strategy_id":"{{Id(0)}}","metrics":{""");
        for (var i = 0; i < strategies; i++)
        {
            json.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ",")}\"{Id(i)}\":{{\"sharpe\":{(random.NextDouble() * 3) + shift:R},\"sharpe_90d\":{(random.NextDouble() * 3) + shift:R},");
            json.Append(CultureInfo.InvariantCulture, $"\"max_dd\":{random.NextDouble() * 0.4:R},\"winrate\":{0.3 + (random.NextDouble() * 0.4):R},\"trades\":{random.Next(20, 500)},\"sample_days\":{random.Next(90, 900)},");
            json.Append(CultureInfo.InvariantCulture, $"\"volatility\":{random.NextDouble():R},\"sortino\":{random.NextDouble() * 4:R}}}");
        }

        return json.Append("}}").ToString();
    }

    private static string Returns(int round)
    {
        var random = new Random(round);
        return string.Join(",", Enumerable.Range(0, Points).Select(_ => ((random.NextDouble() - 0.49) * 0.02).ToString("R", CultureInfo.InvariantCulture)));
    }

    private static string Id(int i) => string.Create(CultureInfo.InvariantCulture, $"strategy-{i:00000}");

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
}
