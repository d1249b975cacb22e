using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Dashboard.Views;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Dashboard.Live;

/// <summary>Reads what the page shows from the Gateway's public HTTP.</summary>
internal sealed class GatewayReader(HttpClient http, TimeProvider time)
{
    private const int MostWorlds = 50;
    private const int MostMembers = 100;
    private const int ReadsAtOnce = 8;
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(3);

    // A newer Gateway may say more than this page knows.
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    /// <summary>Reads everything. A Gateway that does not answer gives a view that says so.</summary>
    public async Task<DashboardView> ReadAsync(IReadOnlyList<EventView> events, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ReadLimit);
        try
        {
            var health = await GetAsync<GatewayHealth>("health", limit.Token) ?? new GatewayHealth { Status = "unknown" };
            var listed = await GetAsync<ListWorldsResponse>($"worlds?limit={MostWorlds}", limit.Token) ?? new ListWorldsResponse();
            var worlds = new List<WorldView>();
            foreach (var world in listed.Worlds) worlds.Add(await ReadWorldAsync(world, limit.Token));
            return new DashboardView(time.GetUtcNow(), Describe(health), worlds, events);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or InvalidProtocolBufferException || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new DashboardView(time.GetUtcNow(), new GatewayView(false, "unreachable", []), [], events);
        }
    }

    /// <summary>Follows the event stream until it ends.</summary>
    public async IAsyncEnumerable<EventView> FollowEventsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await http.GetAsync(new Uri("events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellation))
        {
            if (item.Data.Length > 0) yield return Describe(Parser.Parse<CloudEvent>(item.Data));
        }
    }

    private async Task<WorldView> ReadWorldAsync(World world, CancellationToken cancellation)
    {
        var path = $"worlds/{Uri.EscapeDataString(world.Id)}";
        var decision = await GetAsync<DecisionEnvelope>($"{path}/decide", cancellation);
        var strategies = await GetAsync<ListStrategiesResponse>($"strategies?world={Uri.EscapeDataString(world.Id)}&limit={MostMembers}", cancellation);
        var members = new MemberView[strategies?.Strategies.Count ?? 0];
        await Parallel.ForAsync(0, members.Length, new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = cancellation }, async (index, token) =>
        {
            members[index] = await ReadMemberAsync(path, strategies!.Strategies[index], token);
        });
        return new WorldView(
            world.Id,
            world.Name,
            world.State,
            world.AllowLive,
            world.DefaultPolicyVersion > 0 ? world.DefaultPolicyVersion : null,
            decision?.EffectiveMode ?? "unknown",
            decision?.Reason ?? "no decision",
            decision?.AsOf?.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) ?? "",
            members);
    }

    private async Task<MemberView> ReadMemberAsync(string world, StrategyStatus strategy, CancellationToken cancellation)
    {
        var id = Uri.EscapeDataString(strategy.StrategyId);
        var activation = await GetAsync<ActivationEnvelope>($"{world}/activation?strategy_id={id}&side=long", cancellation);
        var runs = await GetAsync<ListEvaluationRunsResponse>($"{world}/strategies/{id}/runs?limit=1", cancellation);
        var run = runs?.Runs.FirstOrDefault();
        return Describe(strategy, activation ?? new ActivationEnvelope(), Gate(activation), run?.Summary?.Status ?? "", run?.Metrics ?? new EvaluationMetrics());
    }

    private static MemberView Describe(StrategyStatus strategy, ActivationEnvelope activation, OrderGateDecision gate, string verdict, EvaluationMetrics metrics) => new(
        strategy.StrategyId,
        strategy.Status,
        activation.Active,
        activation.Weight,
        gate.IsOpen,
        gate.Reason.ToToken(),
        verdict,
        metrics.Returns?.Sharpe,
        metrics.Returns?.MaxDrawdown,
        (int?)metrics.Sample?.NTradesTotal);

    private static OrderGateDecision Gate(ActivationEnvelope? activation) => activation is null
        ? OrderGates.Decide(null, null, isStale: false)
        : OrderGates.Decide(
            new GateActivation(activation.Active, activation.Weight, activation.Freeze, activation.Drain),
            ExecutionModes.ParseMode(activation.EffectiveMode),
            isStale: false);

    /// <summary>One answer, or null when the Gateway has no such thing.</summary>
    private async Task<T?> GetAsync<T>(string path, CancellationToken cancellation)
        where T : class, IMessage, new()
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        response.EnsureSuccessStatusCode();
        return Parser.Parse<T>(await response.Content.ReadAsStringAsync(cancellation));
    }

    private static GatewayView Describe(GatewayHealth health) => new(
        Reachable: true,
        health.Status,
        [
            new("worldservice", health.Worldservice),
            new("dagmanager", health.Dagmanager),
            new("store", health.Postgres),
        ]);

    private static EventView Describe(CloudEvent item)
    {
        var world = Text(item.Data, "world_id");
        var subject = string.Join(' ', new[] { Text(item.Data, "strategy_id"), Text(item.Data, "side"), Text(item.Data, "status") }.Where(part => part.Length > 0));
        return new EventView(item.Time?.ToDateTimeOffset() ?? default, item.Type, world, subject, (long)item.SeqNo);
    }

    private static string Text(Struct? data, string field) =>
        data is not null && data.Fields.TryGetValue(field, out var value) && value.KindCase == Value.KindOneofCase.StringValue ? value.StringValue : "";
}
