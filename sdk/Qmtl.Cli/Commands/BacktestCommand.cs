using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands;

/// <summary>One deterministic run over recorded bars, without any world.</summary>
internal sealed class BacktestCommand : CliCommand
{
    private readonly StrategyArgument _strategy = new();
    private readonly BarFileOptions _bars = new("--csv", required: true);
    private readonly ReplayConditions _conditions = new();
    private readonly ResultFiles _files = new();

    public BacktestCommand(CliShell shell)
        : base(shell, "backtest", "Run a strategy over recorded bars.")
    {
        _strategy.AddTo(this);
        _bars.AddTo(this);
        _conditions.AddTo(this);
        _files.AddTo(this);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var options = _conditions.Read(run);
        var strategy = await _strategy.ResolveAsync(run, cancellationToken);
        var data = _bars.Load(run, cancellationToken)!;
        await using var files = await _files.OpenAsync(run);
        options = options with { EventStream = _files.StreamOf(files) };
        var found = await run.WaitForAsync($"Replaying {data.Count} bars", () => Task.Run(() => Find(run, strategy, data, options, cancellationToken), cancellationToken));
        // Nothing is written before all of it is found: half a file on the standard output cannot be taken back.
        if (found.Result is { } result)
        {
            _files.Write(files, result, found.Outputs, cancellationToken);
            files.Keep();
            run.Print(() => ReplayJson.ToNode(result), screen => ReplayReport.Draw(screen, result), files.TakesStandardOutput);
        }
        else
        {
            _files.Write(files, found.Outputs!, cancellationToken);
            files.Keep();
            run.Print(() => ReplayJson.ToNode(found.Outputs!), screen => ReplayReport.Draw(screen, found.Outputs!), files.TakesStandardOutput);
        }

        return ExitCodes.Done;
    }

    /// <summary>The outputs if they are to be kept, and the replay unless the strategy holds nothing and only outputs.</summary>
    private (ReplayResult? Result, StrategyOutputs? Outputs) Find(CliRun run, Strategy strategy, MarketData data, ReplayOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var outputs = _files.KeepsOutputs(run) ? StrategyOutputs.Compute(strategy, data, options, cancellationToken) : null;
            if (outputs is null or { HasTarget: true }) return (new KernelReplay().Run(strategy, data, options, cancellationToken), outputs);
            _files.RefuseWithoutTarget(run, outputs.Strategy);
            return (null, outputs);
        }
        catch (RefusalException refusal) when (refusal.Code.Code == ReasonCodes.InvalidArgument.Code)
        {
            // Everything a replay calls an argument was an option of this command.
            throw new UsageException(refusal);
        }
    }
}
