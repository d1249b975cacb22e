using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Data;

/// <summary>Commands about market data.</summary>
internal static class DataCommands
{
    public static Command Create(CliShell shell) => new("data", "Make and identify market data.") { new GenerateCommand(shell), new FingerprintCommand(shell) };
}
