using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands;

/// <summary>Computes an indicator over a file: CSV in, CSV out.</summary>
internal sealed class IndicatorCommand : CliCommand
{
    private readonly Argument<string> _name = new("NAME") { Description = "The indicator: " + string.Join(", ", IndicatorCatalog.All.Select(indicator => indicator.Name)) + "." };
    private readonly BarFileOptions _bars = new("--csv", required: true);
    private readonly Option<string[]> _params = KeyValues.Option("--param", "NAME=VALUE", "A parameter of the indicator; repeatable.");
    private readonly Option<string?> _symbol = new("--symbol") { Description = "The instrument, where the data has several.", HelpName = "S" };

    public IndicatorCommand(CliShell shell)
        : base(shell, "indicator", "Compute an indicator over bars.")
    {
        Add(_name);
        _bars.AddTo(this);
        Add(_params);
        Add(_symbol);
    }

    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var values = KeyValues.Read(_params, run);
        var indicator = Usage.Of(() => IndicatorCatalog.Create(run.Get(_name)).With(values));
        var bars = Instrument(_bars.Load(run, cancellationToken)!, run.Get(_symbol));
        var columns = indicator.Compute(bars, bars.IntervalSeconds);
        if (run.Json) run.Host.Out.WriteLine(JsonText.Write(Document(indicator, bars, columns)));
        else WriteCsv(run.Host.Out, bars, columns, cancellationToken);
        return Task.FromResult(ExitCodes.Done);
    }

    private BarSeries Instrument(MarketData data, string? symbol)
    {
        if (symbol is null && data.Series.Count == 1) return data.Series[0];
        return data.Series.FirstOrDefault(series => string.Equals(series.Instrument, symbol, StringComparison.Ordinal))
            ?? throw new UsageException(_symbol.Name, $"{_symbol.Name} must be one of {string.Join(", ", data.Instruments)}{(symbol is null ? "; the data has several instruments." : $", was \"{symbol}\".")}");
    }

    private static void WriteCsv(TextWriter output, BarSeries bars, IReadOnlyList<IndicatorColumn> columns, CancellationToken cancellationToken)
    {
        output.Write($"timestamp,{string.Join(',', columns.Select(column => column.Name))}\n");
        for (var row = 0; row < bars.Count; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            output.Write(BarTime.Format(bars.Times[row]));
            foreach (var column in columns)
            {
                output.Write(',');
                // What is missing, and what a ratio of zeros gives, is an empty cell.
                if (double.IsFinite(column.Values[row])) output.Write(column.Values[row].ToString("R", CultureInfo.InvariantCulture));
            }

            output.Write('\n');
        }
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
