using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>How a world may execute now and, of one strategy, how it was judged.</summary>
internal sealed class WorldStatusCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _strategy = new("--strategy", "-s") { Description = "A strategy of the world.", HelpName = "ID" };
    private readonly Option<string> _run = new("--run") { Description = "Which evaluation run of it.", HelpName = "ID", DefaultValueFactory = _ => "latest" };
    private readonly Option<bool> _metrics = new("--metrics") { Description = "Show the metrics of the run." };

    public WorldStatusCommand(CliShell shell)
        : base(shell, "status", "Show how a world may execute now.")
    {
        Add(_world);
        foreach (var option in new Option[] { _strategy, _run, _metrics }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var path = WorldCommands.PathOf(run.Get(_world));
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var world = await session.Client.GetAsync<World>(path, cancellationToken);
        var decision = await session.Client.GetAsync<DecisionEnvelope>($"{path}/decide", cancellationToken);
        var standing = run.Get(_strategy) is { } strategy ? await StandingAsync(session.Client, path, strategy, run.Get(_run)!, cancellationToken) : null;
        run.Print(() => Document(world, decision, standing), screen => Draw(screen, world, decision, standing, run.Get(_metrics)));
        return ExitCodes.Done;
    }

    private static async Task<Standing> StandingAsync(GatewayClient gateway, string world, string strategy, string run, CancellationToken cancellationToken)
    {
        var id = Uri.EscapeDataString(strategy);
        var evaluation = await gateway.GetAsync<EvaluationRun>($"{world}/strategies/{id}/runs/{Uri.EscapeDataString(run)}", cancellationToken);
        var activation = await gateway.FindAsync<ActivationEnvelope>($"{world}/activation?strategy_id={id}&side=long", cancellationToken);
        return new Standing(evaluation, activation);
    }

    private static JsonObject Document(World world, DecisionEnvelope decision, Standing? standing)
    {
        var document = new JsonObject { ["world"] = JsonText.Of(world), ["decision"] = JsonText.Of(decision) };
        if (standing is null) return document;
        document["run"] = JsonText.Of(standing.Run);
        document["activation"] = JsonText.Of(standing.Activation);
        return document;
    }

    private static void Draw(Screen screen, World world, DecisionEnvelope decision, Standing? standing, bool metrics)
    {
        screen.Line($"{world.Id}: {decision.EffectiveMode}");
        screen.Fields(
            ("because", decision.Reason),
            ("as of", decision.AsOf?.ToDateTimeOffset().ToString("u")),
            ("policy version", Screen.Whole(decision.PolicyVersion)),
            ("data", decision.DatasetFingerprint),
            ("live allowed", Screen.YesNo(world.AllowLive)),
            ("circuit breaker", world.CircuitBreaker ? "tripped" : null));
        if (standing is null) return;
        var (run, activation) = standing;
        screen.Heading($"{run.StrategyId}, run {run.RunId}");
        screen.Fields(
            ("stage", run.Stage),
            ("evaluation", run.Summary?.Status),
            ("recommended", run.Summary?.RecommendedStage),
            ("selected", run.Summary is { } summary ? Screen.YesNo(summary.Active) : null),
            ("because", run.Summary?.Reason),
            ("activation", activation is null ? "none" : $"{(activation.Active ? "active" : "inactive")}, weight {Screen.Number(activation.Weight)}, {activation.EffectiveMode}"));
        if (metrics) screen.Fields((run.Metrics?.Values ?? []).OrderBy(metric => metric.Key, StringComparer.Ordinal).Select(metric => (metric.Key, Screen.Number(metric.Value))));
    }

    private sealed record Standing(EvaluationRun Run, ActivationEnvelope? Activation);
}
