using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.V1;

namespace Qmtl.Cli.Commands;

/// <summary>Whether the stack works, and where submissions stand.</summary>
internal sealed class StatusCommand : CliCommand
{
    private readonly Option<string?> _strategy = new("--strategy", "-s") { Description = "Only this strategy.", HelpName = "ID" };
    private readonly Option<string?> _world = new("--world", "-w") { Description = "Only strategies of this world.", HelpName = "W" };
    private readonly Option<string?> _status = new("--status") { Description = "Only strategies with this status." };
    private readonly Option<int> _limit = Numbers.Whole("--limit", 20, "At most this many strategies.");

    public StatusCommand(CliShell shell)
        : base(shell, "status", "Show the state of the Gateway and of submissions.")
    {
        _status.AcceptOneOf("queued", "processing", "completed", "failed");
        _limit.Aliases.Add("-n");
        foreach (var option in new Option[] { _strategy, _world, _status, _limit }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var gateway = await session.Client.GetAsync<GatewayStatus>("status", cancellationToken);
        var strategies = await StrategiesAsync(run, session.Client, cancellationToken);
        var modes = await ModesAsync(session.Client, strategies.SelectMany(strategy => strategy.WorldIds), cancellationToken);
        run.Print(() => Document(gateway, strategies, modes), screen => Draw(screen, session.Client.Address, gateway, strategies, modes));
        return ExitCodes.Done;
    }

    private async Task<IReadOnlyList<StrategyStatus>> StrategiesAsync(CliRun run, GatewayClient gateway, CancellationToken cancellationToken)
    {
        if (run.Get(_strategy) is { } id) return [await gateway.GetAsync<StrategyStatus>($"strategies/{Uri.EscapeDataString(id)}/status", cancellationToken)];
        var limit = run.Get(_limit).ToString(CultureInfo.InvariantCulture);
        var path = $"strategies?world={Uri.EscapeDataString(run.Get(_world) ?? "")}&status={run.Get(_status)}&limit={limit}";
        return (await gateway.GetAsync<ListStrategiesResponse>(path, cancellationToken)).Strategies;
    }

    private static async Task<Dictionary<string, DecisionEnvelope>> ModesAsync(GatewayClient gateway, IEnumerable<string> worlds, CancellationToken cancellationToken)
    {
        var modes = new Dictionary<string, DecisionEnvelope>(StringComparer.Ordinal);
        foreach (var world in worlds.Distinct(StringComparer.Ordinal))
        {
            if (await gateway.FindAsync<DecisionEnvelope>($"worlds/{Uri.EscapeDataString(world)}/decide", cancellationToken) is { } decision) modes[world] = decision;
        }

        return modes;
    }

    private static JsonObject Document(GatewayStatus gateway, IReadOnlyList<StrategyStatus> strategies, Dictionary<string, DecisionEnvelope> modes) => new()
    {
        ["gateway"] = JsonText.Of(gateway),
        ["strategies"] = JsonText.Array(strategies),
        ["worlds"] = new JsonObject(modes.OrderBy(mode => mode.Key, StringComparer.Ordinal).Select(mode => KeyValuePair.Create(mode.Key, JsonText.Of(mode.Value)))),
    };

    private static void Draw(Screen screen, Uri address, GatewayStatus gateway, IReadOnlyList<StrategyStatus> strategies, Dictionary<string, DecisionEnvelope> modes)
    {
        screen.Line($"Gateway {address} {gateway.Version}: {gateway.Status} ({gateway.DegradeLevel})");
        screen.Fields(("world service", gateway.Worldservice), ("dag manager", gateway.Dagmanager), ("database", gateway.Postgres), ("redis", gateway.Redis), ("waiting", Screen.Whole(gateway.Queued)));
        if (strategies.Count == 0) screen.Line("No strategies yet; submit one with: qmtl submit STRATEGY --world W --data FILE");
        else screen.Table(["id", "status", "world", "mode"], strategies.Select(strategy => Row(strategy, modes)));
    }

    private static string[] Row(StrategyStatus strategy, Dictionary<string, DecisionEnvelope> modes) =>
    [
        strategy.StrategyId,
        strategy.Reason.Length > 0 ? $"{strategy.Status} ({strategy.Reason})" : strategy.Status,
        string.Join(", ", strategy.WorldIds),
        string.Join(", ", strategy.WorldIds.Select(world => modes.TryGetValue(world, out var mode) ? mode.EffectiveMode : "unknown")),
    ];
}
