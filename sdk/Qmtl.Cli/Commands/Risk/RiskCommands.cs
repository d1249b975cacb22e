using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>Commands about risk snapshots: for those who produce them, and for those who wait for them.</summary>
internal static class RiskCommands
{
    public static Command Create(CliShell shell) => new("risk", "Publish and inspect risk snapshots.")
    {
        new PublishRiskCommand(shell),
        new LatestRiskCommand(shell),
        new ListRiskCommand(shell),
        new LintRiskCommand(shell),
        new RiskHealthCommand(shell),
    };

    /// <summary>The path of a world's snapshots at the Gateway.</summary>
    public static string PathOf(string world) => $"risk-hub/worlds/{Uri.EscapeDataString(world)}/snapshots";
}
