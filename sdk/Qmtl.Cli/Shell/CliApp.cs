using System.CommandLine;
using Qmtl.Cli.Commands;
using Qmtl.Cli.Commands.Data;
using Qmtl.Cli.Commands.Worlds;

namespace Qmtl.Cli.Shell;

/// <summary>The qmtl command line.</summary>
internal static class CliApp
{
    // An interrupted command may still have to close the stack it started.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken)
    {
        var shell = new CliShell(host);
        var parse = Commands(shell).Parse(args);
        var usage = new WrongUsage(shell, parse);
        if (usage.IsWrong) return usage.Report();
        var settings = new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = Farewell };
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
