using System.Globalization;
using Microsoft.Extensions.Hosting;
using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Samples;

/// <summary>Submits the strategy, then lives with its world: a new bar now and then, a new judgement of it, and whatever the world says meanwhile.</summary>
internal sealed class LivingLoop(SampleSettings settings, IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);
    private static readonly string[] Topics = ["activation", "evaluation", "policy"];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var gateway = new GatewayClient(settings.Gateway);
            await Worlds.EnsureAsync(gateway, settings.World, stoppingToken);
            var market = new GeneratedMarket();
            var result = await Runner.SubmitAsync<TrendFollower>(
                settings.World, new SubmitOptions { Gateway = settings.Gateway, Data = market.Bars, Replay = GeneratedMarket.Costs }, stoppingToken);
            Console.WriteLine(Report.Of(result, settings.StartedAt is { } start ? time.GetUtcNow() - start : null));
            await Task.WhenAll(FollowAsync(gateway, stoppingToken), ObserveAsync(gateway, market, result.StrategyId, stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to end.
        }
        catch (RefusalException refusal)
        {
            await Console.Error.WriteLineAsync($"{refusal.Code.Code}: {refusal.Detail}");
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    /// <summary>An hour passes, the strategy is measured with it, and the world judges it anew under a run of its own.</summary>
    private async Task ObserveAsync(GatewayClient gateway, GeneratedMarket market, string strategyId, CancellationToken cancellation)
    {
        using var hours = new PeriodicTimer(settings.BarEvery, time);
        while (await hours.WaitForNextTickAsync(cancellation))
        {
            market.Next();
            try
            {
                Console.WriteLine(await Observation.MakeAsync(gateway, settings.World, strategyId, market.Bars, cancellation));
            }
            catch (RefusalException refusal)
            {
                Console.WriteLine($"bar {market.Count}: not judged, {refusal.Code.Code}: {refusal.Detail}");
            }
        }
    }

    private async Task FollowAsync(GatewayClient gateway, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await foreach (var item in gateway.FollowEventsAsync(settings.World, Topics, cancellation)) Console.WriteLine(Describe(item));
            }
            catch (Exception lost) when (lost is RefusalException or HttpRequestException or IOException)
            {
                Console.WriteLine($"events: the stream broke off ({lost.Message}); following again in {Retry.TotalSeconds} s");
            }

            await Task.Delay(Retry, time, cancellation);
        }
    }

    private static string Describe(CloudEvent item)
    {
        var facts = item.Data.Fields.Where(field => field.Key is "side" or "active" or "status" or "effective_mode").Select(field => $"{field.Key}={Text(field.Value)}");
        return $"event: {item.Type} {string.Join(' ', facts)}";
    }

    private static string Text(Google.Protobuf.WellKnownTypes.Value value) => value.KindCase switch
    {
        Google.Protobuf.WellKnownTypes.Value.KindOneofCase.StringValue => value.StringValue,
        Google.Protobuf.WellKnownTypes.Value.KindOneofCase.BoolValue => value.BoolValue ? "yes" : "no",
        _ => value.NumberValue.ToString(CultureInfo.InvariantCulture),
    };
}
