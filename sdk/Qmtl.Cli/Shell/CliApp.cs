using System.CommandLine;
using Qmtl.Cli.Commands;
using Qmtl.Cli.Commands.Data;
using Qmtl.Cli.Commands.Graph;
using Qmtl.Cli.Commands.Log;
using Qmtl.Cli.Commands.Risk;
using Qmtl.Cli.Commands.Storage;
using Qmtl.Cli.Commands.Worlds;

namespace Qmtl.Cli.Shell;

/// <summary>The qmtl command line.</summary>
internal static class CliApp
{
    // A function each, so that a command line pays for the one command it names.
    private static readonly (string Name, Func<CliShell, Command> Create)[] All =
    [
        ("submit", shell => new SubmitCommand(shell)),
        ("backtest", shell => new BacktestCommand(shell)),
        ("sweep", shell => new SweepCommand(shell)),
        ("strategies", shell => new StrategiesCommand(shell)),
        ("status", shell => new StatusCommand(shell)),
        ("world", WorldCommands.Create),
        ("risk", RiskCommands.Create),
        ("data", DataCommands.Create),
        ("dag", DagCommands.Create),
        ("storage", StorageCommands.Create),
        ("log", LogCommands.Create),
        ("indicator", shell => new IndicatorCommand(shell)),
        ("metrics", shell => new MetricsCommand(shell)),
        ("node-id", shell => new NodeIdCommand(shell)),
        ("compute-key", shell => new ComputeKeyCommand(shell)),
        ("version", shell => new VersionCommand(shell)),
    ];

    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken)
    {
        var shell = new CliShell(host);
        var named = args.Count == 0 ? -1 : Array.FindIndex(All, command => string.Equals(command.Name, args[0], StringComparison.Ordinal));
        var parse = (named < 0 ? Commands(shell) : Root(shell, [All[named].Create(shell)])).Parse(args);
        var usage = new WrongUsage(shell, parse);
        if (usage.IsWrong) return usage.Report();
        // The program takes signals itself: the package gives up waiting for a command that still has to close its stack.
        var settings = new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await parse.InvokeAsync(settings, cancellationToken);
    }

    /// <summary>The whole tree.</summary>
    internal static RootCommand Commands(CliShell shell) => Root(shell, All.Select(command => command.Create(shell)));

    private static RootCommand Root(CliShell shell, IEnumerable<Command> commands)
    {
        var root = new RootCommand("Trading strategies and the worlds that govern them.");
        foreach (var command in commands) root.Add(command);
        shell.AddTo(root);
        return root;
    }
}
