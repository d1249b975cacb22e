using System.CommandLine;
using Qmtl.Cli.Commands;
using Qmtl.Cli.Commands.Data;
using Qmtl.Cli.Commands.Worlds;

namespace Qmtl.Cli.Shell;

/// <summary>The qmtl command line.</summary>
internal static class CliApp
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken)
    {
        var shell = new CliShell(host);
        var parse = Commands(shell).Parse(args);
        var usage = new WrongUsage(shell, parse);
        if (usage.IsWrong) return usage.Report();
        // The program takes signals itself: the package gives up waiting for a command that still has to close its stack.
        var settings = new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await parse.InvokeAsync(settings, cancellationToken);
    }

    internal static RootCommand Commands(CliShell shell)
    {
        var root = new RootCommand("Trading strategies and the worlds that govern them.")
        {
            new SubmitCommand(shell),
            new BacktestCommand(shell),
            new StrategiesCommand(shell),
            new StatusCommand(shell),
            WorldCommands.Create(shell),
            DataCommands.Create(shell),
            new IndicatorCommand(shell),
            new MetricsCommand(shell),
            new NodeIdCommand(shell),
            new ComputeKeyCommand(shell),
            new VersionCommand(shell),
        };
        shell.AddTo(root);
        return root;
    }
}
