using System.CommandLine;
using Qmtl.Cli.Commands.Worlds.Campaigns;
using Qmtl.Cli.Commands.Worlds.Capital;
using Qmtl.Cli.Commands.Worlds.Promotion;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Commands about worlds.</summary>
internal static class WorldCommands
{
    public static Command Create(CliShell shell)
    {
        var command = Own(shell);
        foreach (var other in CapitalCommands.Create(shell).Concat(CampaignCommands.Create(shell)).Concat(PromotionCommands.Create(shell))) command.Add(other);
        return command;
    }

    private static Command Own(CliShell shell) => new("world", "Create and inspect worlds and their policies, and lead strategies to live.")
    {
        new CreateWorldCommand(shell),
        new ListWorldsCommand(shell),
        new DescribeWorldCommand(shell),
        new WorldStatusCommand(shell),
        new RunStatusCommand(shell),
        new EvaluateWorldCommand(shell),
        new StandingsCommand(shell),
        new ActivationCommand(shell),
        new SetWorldCommand(shell),
        new UnbindCommand(shell),
        new Command("nodes", "Show what a world knows of nodes, and set it.") { new ListNodesCommand(shell), new SetNodeCommand(shell) },
        new DeleteWorldCommand(shell),
        new ApplyWorldCommand(shell),
        new ApplyStatusCommand(shell),
        new RollbackCommand(shell),
        new Command("edges", "Show, close and open edges of a world.") { new ListEdgesCommand(shell), new SetEdgeCommand(shell) },
        new InvariantsCommand(shell),
        new Command("monitor", "Judge a world's live results.") { new MonitorReportCommand(shell), new MonitorRunCommand(shell) },
        new Command("policy", "Show, upload, try out and choose a world's policy.")
        {
            new ShowPolicyCommand(shell), new ListPoliciesCommand(shell), new UploadPolicyCommand(shell), new SetDefaultPolicyCommand(shell),
            new TestPolicyCommand(shell), new DiffPolicyCommand(shell),
        },
        new Command("audit", "List, verify and export what was done to a world.")
        {
            new ListAuditCommand(shell), new VerifyAuditCommand(shell), new ExportAuditCommand(shell),
        },
    };

    /// <summary>The argument that names a world.</summary>
    public static Argument<string> World() => new("WORLD") { Description = "The world's id." };

    /// <summary>The path of a world at the Gateway.</summary>
    public static string PathOf(string world) => $"worlds/{Uri.EscapeDataString(world)}";
}
