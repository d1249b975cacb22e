using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands;

/// <summary>Computes an indicator over a file: CSV in, CSV out.</summary>
internal sealed class IndicatorCommand : CliCommand
{
    private readonly Argument<string?> _name = new("NAME") { Description = "The indicator; --list shows them all.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> _list = new("--list") { Description = "List the indicators, or the one named, with their parameters and columns." };
    private readonly BarFileOptions _bars = new("--csv", required: false);
    private readonly Option<string[]> _params = KeyValues.Option("--param", "NAME=VALUE", "A parameter of the indicator; repeatable.");
    private readonly Option<string?> _symbol = new("--symbol") { Description = "The instrument, where the data has several.", HelpName = "S" };

    public IndicatorCommand(CliShell shell)
        : base(shell, "indicator", "Compute an indicator over bars.")
    {
        Add(_name);
        Add(_list);
        _bars.AddTo(this);
        Add(_params);
        Add(_symbol);
    }

    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetValue(_name);
        if (run.Get(_list)) return Task.FromResult(IndicatorList.Print(run, name is null ? IndicatorCatalog.All : [Usage.Of(() => IndicatorCatalog.Create(name))]));
        if (name is null) throw new UsageException(_name.Name, "Which indicator? Name one, or use --list to see them.");
        var values = KeyValues.Read(_params, run);
        var indicator = Usage.Of(() => IndicatorCatalog.Create(name).With(values));
        var data = _bars.Load(run, cancellationToken) ?? throw new UsageException("--csv", "The option --csv is required: the bars to compute the indicator over.");
        var bars = Instrument(data, run.Get(_symbol));
        var columns = indicator.Compute(bars, bars.IntervalSeconds);
        if (!columns.Any(column => column.Values.AsSpan().ContainsAnyInRange(double.MinValue, double.MaxValue)))
            run.Host.Error.WriteLine($"qmtl: {indicator.Name} has no value on any of the {bars.Count} bars; they may be too few for its parameters");
        if (run.Json) run.Host.Out.WriteLine(JsonText.Write(Document(indicator, bars, columns)));
        else CsvBarWriter.Write(bars.Times, [.. columns.Select(column => new CsvColumn(column.Name, column.Values))], run.Host.Out, cancellationToken);
        return Task.FromResult(ExitCodes.Done);
    }

    private BarSeries Instrument(MarketData data, string? symbol)
    {
        if (symbol is null && data.Series.Count == 1) return data.Series[0];
        return data.Series.FirstOrDefault(series => string.Equals(series.Instrument, symbol, StringComparison.Ordinal))
            ?? throw new UsageException(_symbol.Name, $"{_symbol.Name} must be one of {string.Join(", ", data.Instruments)}{(symbol is null ? "; the data has several instruments." : $", was \"{symbol}\".")}");
    }

    private static JsonObject Document(Indicator indicator, BarSeries bars, IReadOnlyList<IndicatorColumn> columns) => new()
    {
        ["indicator"] = indicator.Name,
        ["params"] = new JsonObject(indicator.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, (JsonNode?)parameter.ValueText))),
        ["symbol"] = bars.Instrument,
        ["timestamps"] = new JsonArray([.. Enumerable.Range(0, bars.Count).Select(row => JsonValue.Create(BarTime.Format(bars.Times[row])))]),
        ["columns"] = new JsonObject(columns.Select(column => KeyValuePair.Create(column.Name, (JsonNode?)Values(column)))),
    };

    private static JsonArray Values(IndicatorColumn column) => new([.. column.Values.Select(value => double.IsFinite(value) ? JsonValue.Create(value) : null)]);
}
