using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Data;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands;

/// <summary>A strategy with every combination of parameters on a grid, best first.</summary>
internal sealed class SweepCommand : CliCommand
{
    private const int MostShown = 20, MostWorkers = 1024;

    /// <summary>What is reported of each run, and can be sorted by.</summary>
    private static readonly string[] Metrics =
    [
        "sharpe", "final_equity", "total_return", "cagr", "volatility_annual", "sortino", "calmar", "max_drawdown", "trades", "win_rate", "profit_factor", "exposure_time", "turnover",
        "commission_paid",
    ];

    private static readonly string[] BestWhenSmall = ["max_drawdown", "volatility_annual", "turnover", "commission_paid"];

    private readonly StrategyArgument _strategy = new();
    private readonly BarFileOptions _bars = new("--csv", required: true);
    private readonly ReplayConditions _conditions = new();
    private readonly Option<string[]> _grid = new("--grid")
    {
        Description = "Values of a parameter: from:to:step, the end included when it lies on the grid, or value,value; repeatable.",
        HelpName = "NAME=FROM:TO:STEP",
        Required = true,
    };

    private readonly Option<int> _workers = Numbers.Whole("--workers", Environment.ProcessorCount, "How many threads work at most; the results do not depend on it.");
    private readonly Option<string> _metric = new("--metric") { Description = "What the runs are sorted by, best first.", DefaultValueFactory = _ => Metrics[0] };

    public SweepCommand(CliShell shell)
        : base(shell, "sweep", "Run a strategy over recorded bars with every combination of parameters on a grid.")
    {
        _metric.AcceptOneOf(Metrics);
        _strategy.AddTo(this);
        _bars.AddTo(this);
        _conditions.AddTo(this);
        Add(_grid);
        Add(_workers);
        Add(_metric);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var options = _conditions.Read(run) with { KeepSeries = false };
        var workers = run.Get(_workers);
        if (workers is < 1 or > MostWorkers) throw new UsageException(_workers.Name, $"{_workers.Name} must be 1..{MostWorkers}, was {workers}.");
        var axes = Usage.Of(() => run.Get(_grid)!.Select(SweepAxis.Parse).ToArray());
        var create = await _strategy.FactoryAsync(run, cancellationToken);
        var data = _bars.Load(run, cancellationToken)!;
        var started = Stopwatch.GetTimestamp();
        var runs = await run.WaitForAsync(
            $"Sweeping {axes.Aggregate(1L, (count, axis) => count * axis.Values.Count)} combinations",
            () => Task.Run(() => Usage.Of(() => new Sweep().Run(create, axes, data, options, workers, cancellationToken)), cancellationToken));
        var elapsed = Stopwatch.GetElapsedTime(started);
        var metric = run.Get(_metric)!;
        var sorted = Sort([.. runs.Where(one => one.Result is not null).Select(one => new Row(one))], metric);
        run.Print(() => Document(create(), data, metric, workers, elapsed, sorted, runs), screen => Draw(screen, axes, metric, elapsed, sorted, runs));
        return ExitCodes.Done;
    }

    // Undefined last; equals stay in the order of the grid.
    private static Row[] Sort(Row[] rows, string metric)
    {
        var sign = BestWhenSmall.Contains(metric, StringComparer.Ordinal) ? 1 : -1;
        return [.. rows.OrderBy(row => row[metric] is null).ThenBy(row => sign * row[metric])];
    }

    private static JsonObject Document(
        Strategy strategy, MarketData data, string metric, int workers, TimeSpan elapsed, Row[] sorted, IReadOnlyList<SweepRun> runs) => new()
        {
            ["strategy"] = strategy.Name,
            ["symbols"] = new JsonArray([.. data.Instruments.Select(instrument => JsonValue.Create(instrument))]),
            ["bars"] = data.Count,
            ["metric"] = metric,
            ["workers"] = workers,
            ["combinations"] = runs.Count,
            ["elapsed_ms"] = elapsed.TotalMilliseconds,
            ["runs"] = new JsonArray([.. sorted.Select(row => row.ToNode())]),
            ["refused"] = new JsonArray([.. runs.Where(one => one.Refusal is not null).Select(one => new JsonObject { ["params"] = Params(one.Params), ["reason"] = one.Refusal })]),
        };

    private static void Draw(Screen screen, SweepAxis[] axes, string metric, TimeSpan elapsed, Row[] sorted, IReadOnlyList<SweepRun> runs)
    {
        string[] shown = [metric, .. new[] { "sharpe", "total_return", "max_drawdown", "trades" }.Where(name => name != metric)];
        screen.Table(
            [.. axes.Select(axis => axis.Name), .. shown],
            sorted.Take(MostShown).Select(row => (IReadOnlyList<string>)[.. axes.Select(axis => row.Run.Params[axis.Name]), .. shown.Select(name => Screen.Number(row[name]) ?? "-")]));
        if (sorted.Length > MostShown) screen.Line($"... and {Screen.Whole(sorted.Length - MostShown)} more; --output json has all of them.");
        screen.Line($"{Screen.Whole(runs.Count)} combinations in {Screen.Number(elapsed.TotalSeconds)} s.");
        var refused = runs.Where(one => one.Refusal is not null).ToArray();
        if (refused.Length > 0) screen.Line($"{Screen.Whole(refused.Length)} refused by the strategy, the first: {refused[0].Refusal}");
    }

    private static JsonObject Params(IReadOnlyDictionary<string, string> values) =>
        new(values.Select(value => KeyValuePair.Create(value.Key, (JsonNode?)JsonValue.Create(value.Value))));

    /// <summary>A run and its numbers, by the names that the document of a backtest gives them.</summary>
    private sealed class Row(SweepRun run)
    {
        private readonly JsonNode _result = ReplayJson.ToNode(run.Result!);

        public SweepRun Run => run;

        public double? this[string metric] => _result[metric]?.GetValue<double>();

        public JsonObject ToNode()
        {
            var node = new JsonObject { ["params"] = Params(run.Params) };
            foreach (var metric in Metrics) node[metric] = _result[metric]?.DeepClone();
            node["stream_digest"] = run.Result!.StreamDigest;
            return node;
        }
    }
}
