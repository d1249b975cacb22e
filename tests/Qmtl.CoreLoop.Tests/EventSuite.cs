using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Protos;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>What happens in a world reaches who follows it.</summary>
public abstract class EventSuite<TStack>(StackFixture<TStack> fixture)
    where TStack : StackUnderTest, new()
{
    private static readonly string[] Expected = ["evaluation_run_created", "activation_updated"];

    [ConformanceFact]
    public async Task Evaluation_ReachesFollowersOverSseAndGrpc_InTheSameOrder()
    {
        using var door = new Door(await fixture.GetAsync());
        var world = await door.WorldAsync();
        var strategy = (await door.SubmitAsync(world)).StrategyId;
        using var end = new CancellationTokenSource();
        var (sse, grpc) = (new ConcurrentQueue<CloudEvent>(), new ConcurrentQueue<CloudEvent>());
        var following = Task.WhenAll(FollowSseAsync(door, world, sse, end.Token), FollowGrpcAsync(door, world, grpc, end.Token));
        // The first frame of each is the policies' state: from then on nothing is missed.
        await TimeLimits.EventuallyAsync(() => !sse.IsEmpty && !grpc.IsEmpty);

        await door.EvaluateAsync(world, strategy, sharpe: 1.5);

        foreach (var stream in new[] { sse, grpc })
        {
            await TimeLimits.EventuallyAsync(() => Expected.All(type => stream.Any(item => item.Type == type)));
            Assert.All(stream, item => Assert.Equal(("1.0", world), (item.Specversion, item.Data.Fields["world_id"].StringValue)));
        }

        await end.CancelAsync();
        await following.Within();
        string[] Ids(IEnumerable<CloudEvent> stream) => [.. stream.Where(item => Expected.Contains(item.Type, StringComparer.Ordinal)).Select(item => item.Id)];
        Assert.Equal(Ids(sse), Ids(grpc));
        Assert.Equal(sse.Select(item => item.SeqNo).Order(), sse.Select(item => item.SeqNo));
    }

    [ConformanceFact]
    public async Task Follower_ThatComesBack_GetsWhatItMissed()
    {
        using var door = new Door(await fixture.GetAsync());
        var world = await door.WorldAsync();
        var strategy = (await door.SubmitAsync(world)).StrategyId;
        var first = new ConcurrentQueue<CloudEvent>();
        using (var end = new CancellationTokenSource())
        {
            var following = FollowSseAsync(door, world, first, end.Token);
            await TimeLimits.EventuallyAsync(() => !first.IsEmpty);
            await door.EvaluateAsync(world, strategy, sharpe: 1.5);
            await TimeLimits.EventuallyAsync(() => first.Any(item => item.Type == "evaluation_run_created"));
            await end.CancelAsync();
            await following.Within();
        }

        var last = first.Max(item => item.SeqNo);
        await door.EvaluateAsync(world, strategy, sharpe: 1.6, runId: "run-2");
        var second = new ConcurrentQueue<CloudEvent>();
        using var again = new CancellationTokenSource();
        var returned = FollowSseAsync(door, world, second, again.Token, last);
        await TimeLimits.EventuallyAsync(() => second.Any(item => item.Type == "evaluation_run_created" && item.Data.Fields["run_id"].StringValue == "run-2"));
        await again.CancelAsync();
        await returned.Within();
        Assert.DoesNotContain(second, item => item.Type == "evaluation_run_created" && item.Data.Fields["run_id"].StringValue == "run-1");
    }

    private static async Task FollowSseAsync(Door door, string world, ConcurrentQueue<CloudEvent> into, CancellationToken end, ulong? after = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/events?world_id={world}&topics=activation,evaluation,policy");
        if (after is { } number) request.Headers.TryAddWithoutValidation("Last-Event-ID", number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        try
        {
            using var response = await door.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            await using var stream = await response.Content.ReadAsStreamAsync(end);
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(end)) into.Enqueue(ProtoJson.Read<CloudEvent>(item.Data));
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Told to stop following.
        }
    }

    private static async Task FollowGrpcAsync(Door door, string world, ConcurrentQueue<CloudEvent> into, CancellationToken end)
    {
        try
        {
            using var call = door.Gateway.Subscribe(new SubscribeRequest { WorldId = world, Topics = { "activation", "evaluation", "policy" } }, cancellationToken: end);
            while (await call.ResponseStream.MoveNext(end)) into.Enqueue(call.ResponseStream.Current);
        }
        catch (Exception problem) when (end.IsCancellationRequested && problem is OperationCanceledException or Grpc.Core.RpcException or Identity.RefusalException)
        {
            // Told to stop following.
        }
    }
}

/// <summary>Events in one process.</summary>
[Collection(nameof(EmbeddedStackUnderTest))]
public sealed class EmbeddedEventTests(StackFixture<EmbeddedStackUnderTest> fixture) : EventSuite<EmbeddedStackUnderTest>(fixture);

/// <summary>Events on separate services.</summary>
[Requires(Needs.Postgres | Needs.Redis)]
[Collection(nameof(FullStackUnderTest))]
public sealed class FullEventTests(StackFixture<FullStackUnderTest> fixture) : EventSuite<FullStackUnderTest>(fixture);
