using System.CommandLine;
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
    private readonly Option<string?> _stream = new("--stream") { Description = "Keep the event stream; the SHA-256 of the file is the result's stream_digest.", HelpName = "FILE" };

    public BacktestCommand(CliShell shell)
        : base(shell, "backtest", "Run a strategy over recorded bars.")
    {
        _strategy.AddTo(this);
        _bars.AddTo(this);
        _conditions.AddTo(this);
        Add(_stream);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var options = _conditions.Read(run);
        var strategy = await _strategy.ResolveAsync(run, cancellationToken);
        var data = _bars.Load(run, cancellationToken)!;
        await using var stream = run.Get(_stream) is { } file ? new WholeFile("/stream", file) : null;
        if (stream is not null) options = options with { EventStream = stream.Content };
        var result = await run.WaitForAsync($"Replaying {data.Count} bars", () => Task.Run(() => Replay(strategy, data, options, cancellationToken), cancellationToken));
        stream?.Keep();
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
