using System.CommandLine;
using System.Text;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Graph;

/// <summary>Commands about frozen snapshots of a strategy's part of the graph.</summary>
internal static class SnapshotCommands
{
    public static Command Create(CliShell shell) => new("snapshot", "Freeze a strategy's part of the graph, and find out later what became of it.") { new FreezeSnapshotCommand(shell), new VerifySnapshotCommand(shell) };
}

/// <summary>Writes a snapshot into a file.</summary>
internal sealed class FreezeSnapshotCommand : CliCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "Where to write it; it appears when it is whole." };
    private readonly Option<string> _strategy = new("--strategy", "-s") { Description = "The strategy's id.", Required = true, HelpName = "ID" };
    private readonly Option<string?> _version = new("--version-label") { Description = "A version other than the current one.", HelpName = "V" };

    public FreezeSnapshotCommand(CliShell shell)
        : base(shell, "freeze", "Write a strategy's nodes, queues and versions into a file, with a hash over all of it.")
    {
        Add(_file);
        Add(_strategy);
        Add(_version);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var path = $"graph/strategies/{Uri.EscapeDataString(run.Get(_strategy)!)}/snapshot?version={Uri.EscapeDataString(run.Get(_version) ?? "")}";
        var snapshot = await session.Client.GetAsync<DagSnapshot>(path, cancellationToken);
        await using var file = new WholeFile("/file", run.Get(_file));
        await file.Content.WriteAsync(Encoding.UTF8.GetBytes(JsonText.Write(JsonText.Of(snapshot)!) + "\n"), cancellationToken);
        file.Keep();
        run.Print(snapshot, screen => screen.Line(
            $"{snapshot.StrategyId} {snapshot.Version}: {Screen.Whole(snapshot.Nodes.Count)} nodes in {Screen.Whole(snapshot.Contexts.Count)} contexts, {snapshot.ContentHash}"));
        return ExitCodes.Done;
    }
}

/// <summary>Compares a file with the graph.</summary>
internal sealed class VerifySnapshotCommand : CliCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "What qmtl dag snapshot freeze wrote; - reads the standard input." };

    public VerifySnapshotCommand(CliShell shell)
        : base(shell, "verify", "Compare a frozen snapshot with the graph and name every difference; 1 when there is one.") => Add(_file);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var document = await TextFile.ReadAsync(run.Host, run.Get(_file), cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var verdict = await session.Client.PostAsync<SnapshotVerdict>("graph/snapshots/verify", document, "application/json", cancellationToken);
        run.Print(verdict, screen =>
        {
            screen.Line(verdict.Ok ? $"nothing drifted: {verdict.FoundHash}" : "the graph is not what was frozen");
            if (verdict.Ok) return;
            screen.Table(["kind", "place", "frozen", "now"], verdict.Drifts.Select(drift => (IReadOnlyList<string>)[drift.Kind, drift.Pointer, drift.Expected, drift.Found]));
            if (verdict.Truncated) screen.Line("There are more differences than these.");
        });
        return verdict.Ok ? ExitCodes.Done : ExitCodes.Failed;
    }
}
