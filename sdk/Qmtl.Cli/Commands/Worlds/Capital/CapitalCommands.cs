using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>Commands about shares of equity and the trades that follow from them.</summary>
internal static class CapitalCommands
{
    public static IEnumerable<Command> Create(CliShell shell) =>
    [
        new AllocationsCommand(shell),
        new AllocateCommand(shell),
        new AllocationRollbackCommand(shell),
        new RebalancePlanCommand(shell),
        new RebalanceApplyCommand(shell),
    ];
}
