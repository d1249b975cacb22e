using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>Commands about the way to live and back, and what they share.</summary>
internal static class PromotionCommands
{
    public static IEnumerable<Command> Create(CliShell shell) =>
    [
        new LiveCandidatesCommand(shell),
        new LivePlanCommand(shell),
        new LiveReviewCommand(shell, approve: true),
        new LiveReviewCommand(shell, approve: false),
        new LiveApplyCommand(shell),
        new LiveDemoteCommand(shell),
        new LiveLogCommand(shell),
    ];

    public static Option<string> Strategy() => new("--strategy", "-s") { Description = "The strategy: its id, or its name where only one is called so.", HelpName = "ID", Required = true };

    public static Option<string?> RunOf() => new("--run") { Description = "The paper run; the newest unless given.", HelpName = "ID" };

    public static Option<string?> Actor() => new("--actor") { Description = "Who does this, where the Gateway authenticates nobody; $QMTL_ACTOR or $USER unless given.", HelpName = "NAME" };

    public static string ActorOf(CliRun run, Option<string?> option)
    {
        if (run.Get(option) is { Length: > 0 } given) return given;

        // Who holds a token is known to the Gateway, which takes no other name from him.
        if (run.Token is { Length: > 0 }) return "";
        return run.Host.Variable("QMTL_ACTOR") is { Length: > 0 } actor ? actor : run.Host.Variable("USER") ?? "";
    }

    public static string PathOf(string world) => $"{WorldCommands.PathOf(world)}/promotions/live";
}
