using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Worlds.Campaigns;

/// <summary>Commands about campaigns, and what they share.</summary>
internal static class CampaignCommands
{
    public static IEnumerable<Command> Create(CliShell shell) =>
        [new CampaignStatusCommand(shell), new CampaignTickCommand(shell), new CampaignExecuteCommand(shell), new CampaignLoopCommand(shell)];

    public static Option<string?> Strategy() => new("--strategy", "-s") { Description = "Only this strategy.", HelpName = "ID" };

    public static Option<bool> Evaluate() => new("--evaluate") { Description = "Take the steps that evaluate." };

    public static Option<bool> Live() => new("--live") { Description = "Take the steps that go live, where the policy promotes by itself." };
}
