using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Statistics;

namespace Qmtl.Cli.Commands;

/// <summary>Every statistic of a return series. Always JSON: its reader is a program.</summary>
internal sealed class MetricsCommand : CliCommand
{
    private readonly Option<string> _returns = new("--returns")
    {
        Description = "File with one return a line, as a fraction, or a time and a return separated by a comma; - reads the standard input.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<double?> _periods = Numbers.OptionalDouble("--periods-per-year", "Periods in a year; without it nothing is annualised.");
    private readonly Option<double> _riskFree = Numbers.Double("--risk-free", 0, "Risk-free return of one period.");
    private readonly Option<double> _cost = Numbers.Double("--cost", 0, "Cost subtracted from each return.");
    private readonly Option<int> _trials = Numbers.Whole("--trials", 1, "How many strategies or parameter sets were tried.");
    private readonly Option<double?> _trialVariance = Numbers.OptionalDouble("--trial-variance", "Variance of the trials' Sharpe ratios of one period.");
    private readonly Option<string?> _benchmark = new("--benchmark") { Description = "Returns of a benchmark over the same periods: adds alpha, beta and the like.", HelpName = "FILE" };
    private readonly Option<int> _bootstrap = Numbers.Whole("--bootstrap", 0, "Samples drawn for a 95% confidence interval of the Sharpe ratio; 0 draws none.");

    public MetricsCommand(CliShell shell)
        : base(shell, "metrics", "Compute the statistics of a return series, as JSON.")
    {
        foreach (var option in new Option[] { _returns, _periods, _riskFree, _cost, _trials, _trialVariance, _benchmark, _bootstrap }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var options = new ReturnReportOptions(run.Get(_periods), run.Get(_riskFree), run.Get(_cost), run.Get(_trials), run.Get(_trialVariance));
        var samples = run.Get(_bootstrap);
        if (options.BarsPerYear <= 0) throw new UsageException(_periods.Name, $"{_periods.Name} must be above 0.");
        if (options.Trials < 1) throw new UsageException(_trials.Name, $"{_trials.Name} must be 1 or more.");
        if (options.TrialVariance < 0) throw new UsageException(_trialVariance.Name, $"{_trialVariance.Name} must be 0 or more.");
        if (samples != 0 && samples is < 100 or > 100_000) throw new UsageException(_bootstrap.Name, $"{_bootstrap.Name} must be 0, or 100 to 100000.");
        var file = await ReturnFile.ReadAsync(run.Host, run.Get(_returns)!, cancellationToken);
        var report = ReturnReport.Of(file.Returns, options);
        var document = new JsonObject { ["n"] = report.Count, ["dropped"] = file.Returns.Length - report.Count };
        foreach (var (name, value) in report.Statistics) document[name] = value;
        document["profit_factor_is_infinite"] = report.ProfitFactorIsInfinite;
        document["drawdowns"] = MetricsTables.Drawdowns(file, options.CostPerPeriod);
        if (file.Timestamps is not null) document["monthly"] = MetricsTables.Months(file, options.CostPerPeriod);
        if (run.Get(_benchmark) is { } benchmark) document["benchmark"] = MetricsTables.Benchmark(file, await ReturnFile.ReadAsync(run.Host, benchmark, cancellationToken), options, _benchmark.Name);
        if (samples > 0) document["sharpe_interval"] = MetricsTables.SharpeInterval(file, options, samples);
        await run.Host.Out.WriteLineAsync(JsonText.Write(document));
        return ExitCodes.Done;
    }
}
