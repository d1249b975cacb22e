using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Bench.Measuring;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Log;
using Qmtl.ServiceDefaults.Endpoints;

namespace Qmtl.Bench.Gateway;

/// <summary>
/// Events from the log to a thousand WebSockets on 127.0.0.1, the subscribers in this process too. First as fast as the log gives them, then at the
/// sustained rate, where the time from the log to each subscriber and between the first and the last of them is taken.
/// </summary>
/// <param name="name">The name in the report.</param>
/// <param name="stuck">Subscribers beside the others that take nothing.</param>
internal sealed class FanOut(string name, int stuck) : Benchmark(
    name, $"10,000 events to 1,000 WebSocket subscribers{(stuck > 0 ? $" and {stuck} that read nothing" : "")}; baseline: one send of the same bytes to each of as many plain sockets", Goal.Value(must: 167_000))
{
    // What a gateway has to carry for hours: 10,000 events a minute.
    private const int SustainedPerSecond = 167;
    private const int Batch = 200;

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var (subscribers, events) = scale switch { Scale.Full => (1_000, 10_000), Scale.Quick => (1_000, 1_000), _ => (5, 100) };
        var directory = Directory.CreateTempSubdirectory("qmtl-bench-");
        await using var app = await StartAsync(directory.FullName, cancellationToken);
        var address = new UriBuilder(app.Services.GetRequiredService<QmtlEndpoints>()[QmtlEndpointOptions.Http]) { Scheme = "ws", Path = "/ws/evt", Query = "topics=policy" }.Uri;
        using var audience = await Audience.GatherAsync(address, subscribers, stuck, events, cancellationToken);
        var log = app.Services.GetRequiredService<IMessageLog>();

        // The first of each subscriber says that it has its place.
        var messages = Enumerable.Range(0, events).Select(number => Event(number).ToMessage(DateTimeOffset.UtcNow)).ToArray();
        await audience.WaitUntilPlacedAsync(() => log.AppendAsync([Event(-1, Guid.NewGuid().ToString("N")).ToMessage(DateTimeOffset.UtcNow)], cancellationToken), cancellationToken);

        var burst = await audience.MeasureAsync(
            async () =>
            {
                foreach (var batch in messages.Chunk(Batch)) await log.AppendAsync(batch, cancellationToken);
            },
            cancellationToken);
        var paced = Math.Min(events, SustainedPerSecond * 30);
        await audience.MeasureAsync(
            async () =>
            {
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
                var started = TimeProvider.System.GetTimestamp();
                for (var sent = 0; sent < paced; await timer.WaitForNextTickAsync(cancellationToken))
                {
                    var due = Math.Min(paced, 1 + (int)(TimeProvider.System.GetElapsedTime(started).TotalSeconds * SustainedPerSecond));
                    var at = DateTimeOffset.UtcNow;
                    audience.Sent(sent, due - sent);
                    if (due > sent) await log.AppendAsync([.. Enumerable.Range(sent, due - sent).Select(number => Event(number, "paced").ToMessage(at))], cancellationToken);
                    sent = due;
                }
            },
            cancellationToken,
            paced);
        var (lag, skew) = audience.Percentiles(paced, 0.99);
        var plain = await PlainSockets.MeasureAsync(subscribers, Math.Max(20, events / 50), messages[0].Payload.Length, cancellationToken);
        await app.StopAsync(cancellationToken);
        directory.Delete(recursive: true);

        var rate = (double)subscribers * events / burst.TotalSeconds;
        return
        [
            new Measurement(Name, "deliveries/s", rate, plain, rate / plain, (long)subscribers * events),
            new Measurement(Name + "-events", "events/s", events / burst.TotalSeconds, null, null, events),
            new Measurement(Name + "-lag", "ms (p99)", lag, null, null, (long)subscribers * paced),
            new Measurement(Name + "-skew", "ms (p99)", skew, null, null, paced),
            new Measurement(Name + "-missing", "events", audience.Missing, null, null, (long)subscribers * (events + paced)),
        ];
    }

    private static ControlEvent Event(int number, string status = "ACTIVE") => ControlEvent.FromJson(
        "policy_updated", "qmtl.bench", $$"""{"version":1,"world_id":"bench","policy_version":{{number + 2}},"checksum":"{{status}}","status":"ACTIVE"}""");

    private static async Task<WebApplication> StartAsync(string directory, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["HTTP_PORT"] = "0",
            ["GRPC_PORT"] = "0",
            ["Storage:Directory"] = directory,
            ["Storage:Fsync"] = "false",
            ["Auth:Mode"] = "Local",
            // A stuck subscriber stays one for as long as this lasts.
            ["Gateway:Events:SendTimeout"] = "00:10:00",
            // Nobody there: followers of all worlds begin without a state.
            ["services:worldservice:grpc:0"] = "http://127.0.0.1:1",
            ["services:dagmanager:grpc:0"] = "http://127.0.0.1:1",
        });
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddGateway();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.UseQmtlAuthentication();
        app.MapDefaultEndpoints();
        app.MapGateway();
        await app.StartAsync(cancellationToken);
        return app;
    }
}
