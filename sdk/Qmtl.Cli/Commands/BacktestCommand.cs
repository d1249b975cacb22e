using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.Runtime;

namespace Qmtl.Cli.Commands;

/// <summary>One deterministic run over recorded bars, without any world.</summary>
internal sealed class BacktestCommand : CliCommand
{
    private readonly StrategyArgument _strategy = new();
    private readonly BarFileOptions _bars = new("--csv", required: true);
    private readonly ReplayConditions _conditions = new();

    public BacktestCommand(CliShell shell)
        : base(shell, "backtest", "Run a strategy over recorded bars.")
    {
        _strategy.AddTo(this);
        _bars.AddTo(this);
        _conditions.AddTo(this);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var options = _conditions.Read(run);
        var strategy = await _strategy.ResolveAsync(run, cancellationToken);
        var data = _bars.Load(run, cancellationToken)!;
        var result = await run.WaitForAsync($"Replaying {data.Count} bars", () => Task.Run(() => Replay(strategy, data, options, cancellationToken), cancellationToken));
        run.Print(() => ReplayJson.ToNode(result), screen => ReplayReport.Draw(screen, result));
        return ExitCodes.Done;
    }

    private static ReplayResult Replay(Strategies.Strategy strategy, Qmtl.Data.MarketData data, ReplayOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return new KernelReplay().Run(strategy, data, options, cancellationToken);
        }
        catch (RefusalException refusal) when (refusal.Code.Code == ReasonCodes.InvalidArgument.Code)
        {
            // Everything a replay calls an argument was an option of this command.
            throw new UsageException(refusal);
        }
    }
}
