using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Data;

namespace Qmtl.Cli.Options;

/// <summary>The options that say which bars to read, and how.</summary>
internal sealed class BarFileOptions
{
    private const string First = "first";
    private readonly Option<string[]> _files;
    private readonly Option<bool> _sort = new("--sort") { Description = "Order rows by time; otherwise rows out of order are an error." };
    private readonly Option<string[]> _tags = KeyValues.Option("--tag", "SYMBOL=TAG,TAG", "Tags of an instrument, instead of those of its name; repeatable.");
    private readonly Option<string?> _dedupe = new("--dedupe") { Description = "Which of several rows with the same time to keep; otherwise they are an error." };

    public BarFileOptions(string name, bool required)
    {
        _files = new Option<string[]>(name) { Description = "CSV file, or a folder of them; several are several instruments.", HelpName = "FILE|DIR", Required = required, AllowMultipleArgumentsPerToken = true };
        _dedupe.AcceptOneOf(First, "last");
    }

    public void AddTo(Command command)
    {
        command.Add(_files);
        command.Add(_sort);
        command.Add(_dedupe);
        command.Add(_tags);
    }

    /// <summary>Reads the bars; null when no file was named.</summary>
    public MarketData? Load(CliRun run, CancellationToken cancellationToken)
    {
        var files = run.Get(_files) ?? [];
        if (files.Length == 0) return null;
        var dedupe = run.Get(_dedupe) switch { null => Dedupe.Refuse, First => Dedupe.First, _ => Dedupe.Last };
        var data = CsvBars.Load(files, new CsvOptions(run.Get(_sort), dedupe), cancellationToken);
        var tags = KeyValues.Read(_tags, run);
        return tags.Count == 0
            ? data
            : Usage.Of(() => data.WithTags(tags.ToDictionary(tag => tag.Key, IReadOnlyList<string> (tag) => tag.Value.Split(','), StringComparer.Ordinal)));
    }
}
