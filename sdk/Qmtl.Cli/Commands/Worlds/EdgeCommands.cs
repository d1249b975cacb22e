using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>The edges that a world opens or closes against the global graph.</summary>
internal sealed class ListEdgesCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public ListEdgesCommand(CliShell shell)
        : base(shell, "list", "Show a world's edge overrides.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var list = await session.Client.GetAsync<ListEdgeOverridesResponse>($"{WorldCommands.PathOf(run.Get(_world))}/edges/overrides", cancellationToken);
        run.Print(list, screen => screen.Table(
            ["from", "to", "open", "reason", "by"], list.Overrides.Select(edge => new[] { edge.Src, edge.Dst, Screen.YesNo(edge.Active), edge.Reason, edge.Actor })));
        return ExitCodes.Done;
    }
}

/// <summary>Opens or closes one edge.</summary>
internal sealed class SetEdgeCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Argument<string> _src = new("FROM") { Description = "A NodeID or domain:<name>." };
    private readonly Argument<string> _dst = new("TO") { Description = "A NodeID or domain:<name>." };
    private readonly Option<bool> _open = new("--open", "--on") { Description = "Open the edge; without it, it is closed." };
    private readonly Option<bool> _close = new("--close", "--off") { Description = "Close the edge, as it is done without either." };
    private readonly Option<string?> _reason = new("--reason") { Description = "Why, for the audit.", HelpName = "TEXT" };

    public SetEdgeCommand(CliShell shell)
        : base(shell, "set", "Close an edge, or open it.")
    {
        Aliases.Add("override");
        foreach (var argument in new[] { _world, _src, _dst }) Add(argument);
        foreach (var option in new Option[] { _open, _close, _reason }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        if (run.Get(_open) && run.Get(_close)) throw new UsageException(_close.Name, "--open and --close exclude each other; give one of them.");
        var path = $"{WorldCommands.PathOf(run.Get(_world))}/edges/{Uri.EscapeDataString(run.Get(_src))}/{Uri.EscapeDataString(run.Get(_dst))}";
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var edge = await session.Client.PutAsync<EdgeOverride>(path, new PutEdgeOverrideRequest { Active = run.Get(_open), Reason = run.Get(_reason) ?? "" }, cancellationToken);
        run.Print(edge, screen => screen.Line($"{edge.Src} to {edge.Dst}: {(edge.Active ? "open" : "closed")}"));
        return ExitCodes.Done;
    }
}
