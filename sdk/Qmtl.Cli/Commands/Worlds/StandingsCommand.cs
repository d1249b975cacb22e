using System.CommandLine;
using System.Globalization;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Where each strategy of a world stands.</summary>
internal sealed class StandingsCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public StandingsCommand(CliShell shell)
        : base(shell, "strategies", "Show where each strategy of a world stands: stage, activation and latest verdict.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var answer = await session.Client.GetAsync<ListStandingsResponse>($"{WorldCommands.PathOf(run.Get(_world))}/strategies", cancellationToken);
        run.Print(answer, screen => Draw(screen, answer));
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, ListStandingsResponse answer)
    {
        screen.Line($"{answer.WorldId}: {answer.EffectiveMode} ({answer.Reason})");
        if (answer.Strategies.Count == 0)
        {
            screen.Line("No strategy is bound to it.");
            return;
        }

        screen.Table(
            ["strategy", "stage", "chosen", "side", "mode", "weight", "gate", "run", "verdict", "since"],
            answer.Strategies.SelectMany(standing => standing.Sides.DefaultIfEmpty(), (standing, side) => Row(standing, side)));
    }

    private static string[] Row(Standing standing, StandingSide? side) =>
    [
        standing.StrategyId,
        standing.Stage,
        Screen.YesNo(standing.Active),
        side?.Side ?? "-",
        side?.EffectiveMode ?? "-",
        Screen.Number(side?.Weight) ?? "-",
        GateOf(side),
        standing.RunId.Length == 0 ? "-" : standing.RunId,
        Verdict(standing),
        standing.Since?.ToDateTimeOffset().ToString("u", CultureInfo.InvariantCulture) ?? "-",
    ];

    /// <summary>The gate as an executor would decide it from this very answer.</summary>
    private static string GateOf(StandingSide? side)
    {
        var gate = OrderGates.Decide(
            side is null ? null : new GateActivation(side.Active, side.Weight, side.Freeze, side.Drain), ExecutionModes.ParseMode(side?.EffectiveMode), isStale: false);
        return gate.Gate is OrderGate.Open ? gate.Gate.ToToken() : $"{gate.Gate.ToToken()} ({gate.Reason.ToToken()})";
    }

    private static string Verdict(Standing standing) => (standing.Status, standing.Reason) switch
    {
        ({ Length: 0 }, _) => "-",
        (var status, { Length: 0 }) => status,
        var (status, reason) => $"{status}: {reason}",
    };
}
