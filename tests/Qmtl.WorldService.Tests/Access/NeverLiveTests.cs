using System.Text;
using System.Text.Json;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Access;

/// <summary>In a world that does not allow live nothing ever becomes live, whatever is called, in which order, by whom.</summary>
public sealed class NeverLiveTests
{
    private const int Steps = 150;

    private static readonly MethodDescriptor[] Mutating =
        [.. V1.WorldService.Descriptor.Methods.Where(rpc => rpc.Name != "DeleteWorld" && RpcRoles.All[rpc.Name] is WorldRole.Operator or WorldRole.Owner)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task AnySequenceOfCalls_WithoutAllowLive_MakesNothingLive(int seed)
    {
        await using var host = await StartAsync();
        var random = new Random(seed);
        var generator = Generator(random);
        await BeginAsync(host, allowLive: false);
        var done = new SortedSet<string>(StringComparer.Ordinal);
        // Requests are random: the walk goes on until it has come by the one that matters most.
        for (var step = 0; step < Steps || (step < 10 * Steps && !done.Contains("PutActivation")); step++)
        {
            var rpc = Mutating[random.Next(Mutating.Length)];
            if (await TryAsync(host, rpc, generator, random)) done.Add(rpc.Name);
            Assert.Empty(await LiveAsync(host, $"{seed}/{step} {rpc.Name}"));
            if (random.Next(5) == 0) host.Clock.Advance(TimeSpan.FromMinutes(random.Next(10)));
        }

        Assert.Empty(await LiveEventsAsync(host, after: 0));
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);

        // A sequence in which everything is refused would prove nothing.
        Assert.Contains("PutActivation", done);
        Assert.True(done.Count >= 5, $"only {string.Join(", ", done)} were ever done");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task AllowLiveTakenAway_InTheMiddleOfAnySequence_LeavesNothingLive(int seed)
    {
        await using var host = await StartAsync();
        var random = new Random(seed);
        var generator = Generator(random);
        for (var round = 0; round < 3; round++)
        {
            await BeginAsync(host, allowLive: true);
            foreach (var strategy in new[] { "a", "b" }) await host.StageAsync("w", strategy, "live");
            Assert.NotEmpty(await LiveAsync(host, "promoted"));
            for (var step = 0; step < 15; step++) await TryAsync(host, Mutating[random.Next(Mutating.Length)], generator, random);

            var before = await EventCountAsync(host);
            await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = false }, Root).ResponseAsync.Within();
            Assert.Empty(await LiveAsync(host, $"{seed}/{round} right after"));
            for (var step = 0; step < 15; step++)
            {
                var rpc = Mutating[random.Next(Mutating.Length)];
                await TryAsync(host, rpc, generator, random);
                Assert.Empty(await LiveAsync(host, $"{seed}/{round}/{step} {rpc.Name}"));
            }

            Assert.Empty(await LiveEventsAsync(host, before));
        }
    }

    private static Grpc.Core.Metadata Root => RequestGenerator.Caller("root", "owner");

    private static Task<WorldHost> StartAsync() => WorldHosts.SqliteAsync();

    private static RequestGenerator Generator(Random random) => new(random, "w") { LeaveOut = { "allow_live", "circuit_breaker", "state" } };

    /// <summary>A world in which everything but the permission is in place.</summary>
    private static async Task BeginAsync(WorldHost host, bool allowLive)
    {
        try
        {
            await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", Policy = "thresholds: {s: {metric: sharpe, min: 0}}" }, Root).ResponseAsync.Within();
        }
        catch (RefusalException refusal) when (refusal.Code == ReasonCodes.WorldExists)
        {
        }

        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = allowLive, CircuitBreaker = false, Shadow = false, State = "ACTIVE" }, Root).ResponseAsync.Within();
        string[] strategies = ["a", "b", "c"];
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { strategies } }, Root).ResponseAsync.Within();
        var report = new HistoryReport { StrategyId = "a", NodeId = "n", DatasetFingerprint = "sha256:1", Rows = 10 };
        await host.Client.PutHistoryAsync(new PutHistoryRequest { WorldId = "w", Report = report }, Root).ResponseAsync.Within();
        await host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w", Strategies = { strategies } }, Root).ResponseAsync.Within();
        foreach (var strategy in strategies) await host.StageAsync("w", strategy, "paper");
    }

    private static async Task<bool> TryAsync(WorldHost host, MethodDescriptor rpc, RequestGenerator generator, Random random)
    {
        string[] roles = ["owner", "owner", "w:operator", "operator", "w:reader", ""];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await RequestGenerator.CallAsync(host.Client, rpc, generator.Next(rpc), RequestGenerator.Caller(random.Next(2) == 0 ? "ann" : "bob", roles[random.Next(roles.Length)]), limit.Token);
            return true;
        }
        catch (RefusalException refusal)
        {
            Assert.NotEqual(ReasonCodes.Internal, refusal.Code);
            return false;
        }
    }

    /// <summary>Everything live about the world, as the store and the service tell it.</summary>
    private static async Task<IReadOnlyList<string>> LiveAsync(WorldHost host, string where)
    {
        var found = new List<string>();
        var decision = await host.Client.DecideAsync(new DecideRequest { WorldId = "w" }, Root).ResponseAsync.Within();
        if (decision.EffectiveMode == "live") found.Add($"{where}: decision");
        found.AddRange(await host.Database.QueryAsync<string>("SELECT strategy_id FROM ws_activation WHERE world_id = 'w' AND effective_mode = 'live'"));
        found.AddRange(await host.Database.QueryAsync<string>("SELECT strategy_id FROM ws_stages WHERE world_id = 'w' AND stage = 'live'"));
        found.AddRange(await host.Database.QueryAsync<string>("SELECT src FROM ws_edges WHERE world_id = 'w' AND active = @on AND dst IN ('domain:live', 'domain:prod')", new { on = true }));
        return found;
    }

    private static async Task<int> EventCountAsync(WorldHost host) => (await PayloadsAsync(host)).Count;

    private static async Task<IReadOnlyList<string>> LiveEventsAsync(WorldHost host, int after) =>
        [.. (await PayloadsAsync(host)).Skip(after).Where(payload => JsonDocument.Parse(payload).RootElement.GetProperty("data").TryGetProperty("effective_mode", out var mode) && mode.GetString() == "live")];

    private static async Task<IReadOnlyList<string>> PayloadsAsync(WorldHost host) =>
        [.. (await host.Database.QueryAsync<byte[]>("SELECT payload FROM bus_log WHERE topic = 'activation' AND message_key = 'w' ORDER BY log_offset")).Select(Encoding.UTF8.GetString)];
}
