using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Runtime;

namespace Qmtl.Cli.Options;

/// <summary>The options that keep what a backtest found, each in a file of its own.</summary>
internal sealed class ResultFiles
{
    private const string StandardOutput = "-";
    private readonly Option<string?> _trades = File("--trades", "Keep the closed round trips as CSV.");
    private readonly Option<string?> _fills = File("--fills", "Keep the executions as CSV.");
    private readonly Option<string?> _equity = File("--equity", "Keep equity and the position's share of it at each bar as CSV.");
    private readonly Option<string?> _outputs = File("--outputs", "Keep what the strategy outputs at each bar as CSV; a strategy without target is computed and not traded.");
    private readonly Option<string?> _stream = new("--stream") { Description = "Keep the event stream; the SHA-256 of the file is the result's stream_digest.", HelpName = "FILE" };

    private Option<string?>[] All => [_trades, _fills, _equity, _outputs, _stream];

    public void AddTo(Command command)
    {
        foreach (var option in All) command.Add(option);
    }

    /// <summary>Begins the files that were asked for.</summary>
    /// <exception cref="UsageException">Two of them are one, or the standard output is needed for something else.</exception>
    public async Task<KeptFiles> OpenAsync(CliRun run)
    {
        (string Option, string Path)[] named = [.. All.Where(option => run.Get(option) is not null).Select(option => (option.Name, run.Get(option)!))];
        if (named.GroupBy(file => PlaceOf(file.Path), StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.ToArray() is [var first, var second, ..])
            throw new UsageException(second.Option, $"{second.Option} and {first.Option} both name {second.Path}; each needs a file of its own.");
        var toOutput = named.FirstOrDefault(file => file.Path == StandardOutput).Option;
        if (toOutput == _stream.Name) throw new UsageException(toOutput, $"{toOutput} holds bytes and no text; name a file.");
        if (toOutput is not null && run.Json) throw new UsageException(toOutput, $"{toOutput} - would stand on the standard output beside the JSON document; name a file, or leave out --output json.");
        var files = new KeptFiles(run.Host.Out) { TakesStandardOutput = toOutput is not null };
        try
        {
            foreach (var (option, path) in named) files.Add(option, path == StandardOutput ? null : path);
            return files;
        }
        catch
        {
            await files.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether the strategy's outputs are to be kept.</summary>
    public bool KeepsOutputs(CliRun run) => run.Get(_outputs) is not null;

    /// <summary>Where the event stream goes; null when nobody wants it.</summary>
    public Stream? StreamOf(KeptFiles files) => files.Bytes(_stream.Name);

    /// <summary>Writes what was asked for of a replay, and the outputs if there are any.</summary>
    public void Write(KeptFiles files, ReplayResult result, StrategyOutputs? outputs, CancellationToken cancellationToken)
    {
        if (files.Text(_trades.Name) is { } trades) ReplayCsv.WriteTrades(result, trades, cancellationToken);
        if (files.Text(_fills.Name) is { } fills) ReplayCsv.WriteFills(result, fills, cancellationToken);
        if (files.Text(_equity.Name) is { } equity) ReplayCsv.WriteEquity(result, equity, cancellationToken);
        if (outputs is not null) Write(files, outputs, cancellationToken);
    }

    /// <summary>Writes the outputs.</summary>
    public void Write(KeptFiles files, StrategyOutputs outputs, CancellationToken cancellationToken) =>
        ReplayCsv.WriteOutputs(outputs, files.Text(_outputs.Name)!, cancellationToken);

    /// <summary>Refuses to keep what only trading gives.</summary>
    /// <exception cref="UsageException">Something else than outputs was asked for.</exception>
    public void RefuseWithoutTarget(CliRun run, string strategy)
    {
        if (Array.Find(All, option => option != _outputs && run.Get(option) is not null) is { } other)
            throw new UsageException(other.Name, $"{strategy} has no position target, so there is nothing to keep for {other.Name}; leave it out, or call Target in its Build.");
    }

    private static string PlaceOf(string path) => path == StandardOutput ? path : Path.GetFullPath(path);

    private static Option<string?> File(string name, string description) => new(name) { Description = $"{description} - is the standard output.", HelpName = "FILE" };
}
