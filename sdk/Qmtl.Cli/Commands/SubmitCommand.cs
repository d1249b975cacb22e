using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Runtime;

namespace Qmtl.Cli.Commands;

/// <summary>The Core Loop in one call: submit, replay, evaluate, and the world's word.</summary>
internal sealed class SubmitCommand : CliCommand
{
    private readonly StrategyArgument _strategy = new();
    private readonly Option<string?> _world = new("--world", "-w") { Description = $"The world; by default {SubmitOptions.WorldVariable}, else {SubmitOptions.FallbackWorld}.", HelpName = "W" };
    private readonly BarFileOptions _bars = new("--data", required: false);
    private readonly Option<string?> _preset = new("--data-preset") { Description = "A data set that the world declares.", HelpName = "ID" };
    private readonly Option<string?> _returns = new("--returns") { Description = "Returns to judge instead of the replay's: one a line; - reads the standard input.", HelpName = "FILE" };
    private readonly Option<bool> _autoReturns = new("--auto-returns") { Description = "Judge the returns of the price when neither --returns nor the strategy states any." };
    private readonly Option<bool> _share = new("--share") { Description = "Share nodes with other runs of the world: read what another computes, publish what this one does. The result is the same." };
    private readonly Option<double?> _shareLease = Numbers.OptionalDouble("--share-lease", "Seconds after which a run that fell silent loses its nodes to another, with --share; 0.5 to 60, by default 10.");
    private readonly ReplayConditions _conditions = new();

    public SubmitCommand(CliShell shell)
        : base(shell, "submit", "Submit a strategy to a world and see what the world makes of it.")
    {
        _strategy.AddTo(this);
        Add(_world);
        _bars.AddTo(this);
        Add(_preset);
        Add(_returns);
        Add(_autoReturns);
        Add(_share);
        Add(_shareLease);
        _conditions.AddTo(this);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var strategy = await _strategy.ResolveAsync(run, cancellationToken);
        var options = new SubmitOptions
        {
            Gateway = run.GatewayAddress,
            Token = run.Token,
            Embedded = run.Host.Embedded,
            StateDirectory = run.StateDirectory,
            Data = _bars.Load(run, cancellationToken),
            DataPreset = run.Get(_preset),
            Replay = _conditions.Read(run),
            Returns = run.Get(_returns) is { } file ? (await ReturnFile.ReadAsync(run.Host, file, cancellationToken)).Returns : null,
            AutoReturns = run.Get(_autoReturns) ? new AutoReturnsConfig() : null,
            Sharing = Sharing(run),
        };
        if (options is { Data: null, DataPreset: null }) throw new UsageException("--data", "There are no bars to replay; give them with --data FILE.");
        var world = run.Get(_world) ?? run.Host.Variable(SubmitOptions.WorldVariable);
        var result = await run.WaitForAsync($"Submitting {strategy.Name}", () => Runner.SubmitAsync(strategy, world, options, cancellationToken));
        run.Print(() => JsonNode.Parse(result.ToJson())!, screen => SubmitReport.Draw(screen, result));
        if (result.Downgraded) await run.Host.Error.WriteLineAsync($"qmtl: downgraded to a safer mode: {result.DowngradeReason ?? "no reason given"}");
        if (result.Status != SubmitStatus.Rejected) return ExitCodes.Done;
        await run.Host.Error.WriteLineAsync($"qmtl: {result.WorldId} does not select {result.StrategyId} [{Reason(result)}]");
        return ExitCodes.Refused;
    }

    private SharingOptions? Sharing(CliRun run)
    {
        if (!run.Get(_share))
            return run.Get(_shareLease) is null ? null : throw new UsageException("--share-lease", "--share-lease says how nodes are shared; give --share too.");
        if (run.Get(_shareLease) is not { } seconds) return new SharingOptions();
        return seconds is >= 0.5 and <= 60
            ? new SharingOptions { Lease = TimeSpan.FromSeconds(seconds) }
            : throw new UsageException("--share-lease", $"--share-lease must be 0.5 to 60 seconds, was {seconds}.");
    }

    private static string Reason(SubmitResult result) => result.World.Summary?.Reason is { Length: > 0 } reason ? reason : "not_selected";
}
