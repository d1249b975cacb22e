using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands.Data;

/// <summary>Bars of a seeded random walk.</summary>
internal sealed class GenerateCommand : CliCommand
{
    private const string StandardOutput = "-";
    private static readonly SyntheticOptions Default = new();
    private readonly Option<string> _out = new("--out", "-o") { Description = "The file to write; - is the standard output.", HelpName = "FILE", DefaultValueFactory = _ => StandardOutput };
    private readonly Option<string?> _symbol = new("--symbol") { Description = $"The instrument; by default the file's name, else {Default.Instrument}.", HelpName = "S" };
    private readonly Option<int> _bars = Numbers.Whole("--bars", Default.Count, "How many bars.");
    private readonly Option<string> _interval = new("--interval") { Description = "Time between bars: 60, 60s, 1m, 4h or 1d.", HelpName = "T", DefaultValueFactory = _ => "1m" };
    private readonly Option<string?> _start = new("--start") { Description = "Time of the first bar, ISO-8601.", HelpName = "T" };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Equal seeds give equal bars.", HelpName = "N", DefaultValueFactory = _ => Default.Seed };
    private readonly Option<double> _price = Numbers.Double("--price", Default.Price, "The first price.");
    private readonly Option<double> _volatility = Numbers.Double("--volatility", Default.Volatility, "Standard deviation of a bar's return.");
    private readonly Option<double> _drift = Numbers.Double("--drift", Default.Drift, "Mean of a bar's return.");
    private readonly Option<int> _decimals = Numbers.Whole("--decimals", Default.Decimals, "Decimals of prices.");

    public GenerateCommand(CliShell shell)
        : base(shell, "generate", "Generate bars as a seeded random walk.")
    {
        foreach (var option in new Option[] { _out, _symbol, _bars, _interval, _start, _seed, _price, _volatility, _drift, _decimals }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var path = run.Get(_out)!;
        var options = new SyntheticOptions
        {
            Instrument = run.Get(_symbol) ?? (path == StandardOutput ? Default.Instrument : Path.GetFileNameWithoutExtension(path)),
            Count = run.Get(_bars),
            IntervalSeconds = Usage.Of(() => Interval.Parse(run.Get(_interval)!)),
            Start = Start(run.Get(_start)),
            Seed = run.Get(_seed),
            Price = run.Get(_price),
            Volatility = run.Get(_volatility),
            Drift = run.Get(_drift),
            Decimals = run.Get(_decimals),
        };
        var bars = Usage.Of(() => SyntheticBars.Generate(options));
        if (path == StandardOutput)
        {
            if (run.Json) throw new UsageException(_out.Name, "The bars are CSV, so a JSON answer needs --out FILE to put them in.");
            CsvBarWriter.Write(bars, run.Host.Out, cancellationToken);
            return ExitCodes.Done;
        }

        await WriteAsync(path, bars, cancellationToken);
        run.Print(() => Document(path, bars), screen => screen.Line(string.Create(CultureInfo.InvariantCulture, $"{path}: {bars.Count} bars of {bars.Instrument}, {First(bars)} to {Last(bars)}")));
        return ExitCodes.Done;
    }

    private DateTimeOffset Start(string? text)
    {
        if (text is null) return Default.Start;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start)
            ? start
            : throw new UsageException(_start.Name, $"{_start.Name} must be ISO-8601 such as 2024-01-01T00:00:00Z, was \"{text}\".");
    }

    private static async Task WriteAsync(string path, BarSeries bars, CancellationToken cancellationToken)
    {
        await using var file = new WholeFile("/out", path);
        await using (var writer = new StreamWriter(file.Content, leaveOpen: true)) CsvBarWriter.Write(bars, writer, cancellationToken);
        file.Keep();
    }

    private static JsonObject Document(string path, BarSeries bars) => new()
    {
        ["file"] = path,
        ["symbol"] = bars.Instrument,
        ["bars"] = bars.Count,
        ["interval_seconds"] = bars.IntervalSeconds,
        ["start"] = First(bars),
        ["end"] = Last(bars),
    };

    private static string First(BarSeries bars) => BarTime.Format(bars.Times[0]);

    private static string Last(BarSeries bars) => BarTime.Format(bars.Times[^1]);
}
