using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>Commands about risk snapshots: for those who produce them, and for those who wait for them.</summary>
internal static class RiskCommands
{
    public static Command Create(CliShell shell) => new("risk", "Publish and inspect risk snapshots.")
    {
        new PublishRiskCommand(shell),
        new PositionsSnapshotCommand(shell),
        new LatestRiskCommand(shell),
        new ListRiskCommand(shell),
        new LintRiskCommand(shell),
        new RiskHealthCommand(shell),
    };

    /// <summary>Shows what the hub has taken in.</summary>
    public static void DrawStored(Screen screen, RiskSnapshot stored)
    {
        screen.Line($"{stored.WorldId}: snapshot {stored.Version} of {stored.Provenance.Actor} ({stored.Provenance.Stage}) is stored");
        screen.Fields(("hash", stored.Hash), ("fresh for", $"{Screen.Whole(stored.TtlSec ?? 0)} s"));
    }

    /// <summary>The path of a world's snapshots at the Gateway.</summary>
    public static string PathOf(string world) => $"risk-hub/worlds/{Uri.EscapeDataString(world)}/snapshots";
}
