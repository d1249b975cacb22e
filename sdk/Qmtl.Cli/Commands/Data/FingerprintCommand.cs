using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands.Data;

/// <summary>The fingerprint of a file's rows.</summary>
internal sealed class FingerprintCommand : CliCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "CSV file with one instrument." };
    private readonly Option<string> _node = new("--node-id") { Description = "The identity of the data, such as ohlcv:binance:BTC/USDT:1m.", HelpName = "ID", Required = true };
    private readonly Option<string> _interval = new("--interval") { Description = "Time between bars: seconds, or 60s, 1m, 4h, 1d.", HelpName = "S", Required = true };

    public FingerprintCommand(CliShell shell)
        : base(shell, "fingerprint", "Compute the fingerprint of a data set.")
    {
        Add(_file);
        Add(_node);
        Add(_interval);
    }

    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var interval = Usage.Of(() => Interval.Parse(run.Get(_interval)!));
        // The rows are what counts, not the order a file has them in.
        var series = CsvBars.ReadFile(run.Get(_file), new CsvOptions(Sort: true), cancellationToken);
        if (series.Count != 1) throw new UsageException("file", $"{run.Get(_file)} has {series.Count} instruments; a fingerprint is of one.");
        var fingerprint = series[0].Fingerprint(run.Get(_node)!, interval);
        run.Print(
            () => new JsonObject { ["dataset_fingerprint"] = fingerprint, ["rows"] = series[0].Count, ["interval_seconds"] = interval },
            screen => screen.Line(fingerprint));
        return Task.FromResult(ExitCodes.Done);
    }
}
