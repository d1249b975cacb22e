using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.Statistics;

namespace Qmtl.Cli.Commands;

/// <summary>Every statistic of a return series. Always JSON: its reader is a program.</summary>
internal sealed class MetricsCommand : CliCommand
{
    private readonly Option<string> _returns = new("--returns") { Description = "File with one return a line, as a fraction; - reads the standard input.", HelpName = "FILE", Required = true };
    private readonly Option<double?> _periods = Numbers.OptionalDouble("--periods-per-year", "Periods in a year; without it nothing is annualised.");
    private readonly Option<double> _riskFree = Numbers.Double("--risk-free", 0, "Risk-free return of one period.");
    private readonly Option<double> _cost = Numbers.Double("--cost", 0, "Cost subtracted from each return.");
    private readonly Option<int> _trials = Numbers.Whole("--trials", 1, "How many strategies or parameter sets were tried.");
    private readonly Option<double?> _trialVariance = Numbers.OptionalDouble("--trial-variance", "Variance of the trials' Sharpe ratios of one period.");

    public MetricsCommand(CliShell shell)
        : base(shell, "metrics", "Compute the statistics of a return series, as JSON.")
    {
        foreach (var option in new Option[] { _returns, _periods, _riskFree, _cost, _trials, _trialVariance }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var options = new ReturnReportOptions(run.Get(_periods), run.Get(_riskFree), run.Get(_cost), run.Get(_trials), run.Get(_trialVariance));
        if (options.BarsPerYear <= 0) throw new UsageException(_periods.Name, $"{_periods.Name} must be above 0.");
        if (options.Trials < 1) throw new UsageException(_trials.Name, $"{_trials.Name} must be 1 or more.");
        if (options.TrialVariance < 0) throw new UsageException(_trialVariance.Name, $"{_trialVariance.Name} must be 0 or more.");
        var file = run.Get(_returns)!;
        var returns = Read(file, await TextFile.ReadAsync(run.Host, file, cancellationToken));
        var report = ReturnReport.Of(returns, options);
        var document = new JsonObject { ["n"] = report.Count, ["dropped"] = returns.Length - report.Count };
        foreach (var (name, value) in report.Statistics) document[name] = value;
        document["profit_factor_is_infinite"] = report.ProfitFactorIsInfinite;
        await run.Host.Out.WriteLineAsync(JsonText.Write(document));
        return ExitCodes.Done;
    }

    private static double[] Read(string file, string text)
    {
        var values = new List<double>();
        var number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (line.IsEmpty) continue;
            if (!double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                throw RefusalException.At(ReasonCodes.DataInvalid, string.Create(CultureInfo.InvariantCulture, $"/lines/{number}"), string.Create(CultureInfo.InvariantCulture, $"{file} line {number}: must be one number, was \"{line}\"."));
            values.Add(value);
        }

        return values.Count > 0 ? [.. values] : throw new RefusalException(ReasonCodes.DataInvalid, $"{file} has no returns; write one number a line.");
    }
}
