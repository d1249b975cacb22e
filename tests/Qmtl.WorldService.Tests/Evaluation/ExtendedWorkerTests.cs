using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>The worker that extends runs in the background, where it cannot.</summary>
public sealed class ExtendedWorkerTests
{
    private const string World = "w-extended-worker";
    private const string DeadLetters = TopicCatalog.Evaluation + TopicSettings.DeadLetterSuffix;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task ARunThatCannotBeExtended_IsTriedThreeTimesWithGrowingPauses_AndSetAside()
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-ws-").FullName;
        await using (var before = await StartAsync(folder, extended: false)) await DamagedRunAsync(before);
        var attempts = new ConcurrentQueue<DateTimeOffset>();
        var setAside = new ConcurrentQueue<string>();
        WorldHost? host = null;
        using var meters = Listen(
            () => attempts.Enqueue(host?.Clock.GetUtcNow() ?? DateTimeOffset.MinValue),
            group => setAside.Enqueue(group));

        host = await StartAsync(folder, extended: true);
        await using (host)
        {
            var log = host.Services.GetRequiredService<IMessageLog>();
            var topics = host.Services.GetRequiredService<ITopicAdmin>();
            IReadOnlyList<LogRecord> dead = [];
            await TimeLimits.EventuallyAsync(async () =>
            {
                host.Clock.Advance(Step);
                return (dead = await ReadAsync(log, topics)).Count > 0;
            });

            var times = attempts.ToArray();
            Assert.Equal(3, times.Length);
            Assert.True(times[1] - times[0] >= TimeSpan.FromMilliseconds(500), $"after {times[1] - times[0]}");
            Assert.True(times[2] - times[1] >= TimeSpan.FromSeconds(1), $"after {times[2] - times[1]}");
            var record = Assert.Single(dead);
            Assert.Equal(
                (World, "evaluation_run_created", "3", "attempts", "worldservice-extended-validation"),
                (record.Key, record.Type, record.Headers["dlq-attempts"], record.Headers["dlq-reason"], record.Headers["dlq-group"]));
            Assert.Equal(["worldservice-extended-validation"], setAside);

            // The run stays as it was judged, and the next one is extended: one bad record does not stop the rest.
            Assert.Equal(0, (await host.RunAsync(World, "a", "r1")).Validation.ExtendedRevision);
            await EvaluateAsync(host, "r2");
            await TimeLimits.EventuallyAsync(async () =>
            {
                host.Clock.Advance(Step);
                return (await host.RunAsync(World, "a", "r2")).Validation.ExtendedRevision > 0;
            });
            Assert.Equal(3, attempts.Count);
        }
    }

    private static Task<WorldHost> StartAsync(string folder, bool extended) => WorldHost.StartAsync(
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["Storage:Directory"] = folder, ["WorldService:ExtendedValidation"] = extended ? "true" : "false" });

    /// <summary>A run whose stored series nobody can read any more.</summary>
    private static async Task DamagedRunAsync(WorldHost host)
    {
        await host.WorldAsync(World, "thresholds: {s: {metric: sharpe, min: 0}}", "a");
        await EvaluateAsync(host, "r1");
        var damaged = await host.Database.WriteAsync(unit => unit.ExecuteAsync("UPDATE ws_run_series SET returns = @bytes WHERE world_id = @World", new { bytes = new byte[] { 0xFF, 0xFF, 0xFF }, World })).Within();
        Assert.Equal(1, damaged);
    }

    private static async Task EvaluateAsync(WorldHost host, string run)
    {
        var request = new EvaluateRequest { WorldId = World, StrategyId = "a", RunId = run, Stage = "backtest" };
        request.Series["a"] = new StrategySeries { Returns = { Enumerable.Range(0, 200).Select(i => i % 3 == 0 ? -0.01 : 0.012) } };
        await host.Client.EvaluateAsync(request).ResponseAsync.Within();
    }

    private static async Task<IReadOnlyList<LogRecord>> ReadAsync(IMessageLog log, ITopicAdmin topics)
    {
        var records = new List<LogRecord>();
        foreach (var partition in await topics.DescribeAsync(DeadLetters).Within()) records.AddRange(await log.ReadAsync(partition.Partition, 0, 10).Within());
        return records;
    }

    /// <summary>What the metrics say, as a collector hears it.</summary>
    private static MeterListener Listen(Action failed, Action<string> setAside)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name is "extended_validation_run_total" or "bus_dlq_total") listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            var labels = new Dictionary<string, string?>(StringComparer.Ordinal);
            foreach (var (name, value) in tags) labels[name] = Convert.ToString(value, CultureInfo.InvariantCulture);
            if (instrument.Name is "bus_dlq_total" && labels["topic"] is TopicCatalog.Evaluation) setAside(labels["group"]!);
            else if (string.Equals(labels.GetValueOrDefault("world_id"), ExtendedWorkerTests.World, StringComparison.Ordinal) && labels["status"] is "failure") failed();
        });
        listener.Start();
        return listener;
    }
}
