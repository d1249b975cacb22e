namespace Qmtl.Cli.Shell;

/// <summary>Files that a command keeps beside its result: all of them appear when it is done, none when it fails.</summary>
internal sealed class KeptFiles(TextWriter standardOutput) : IAsyncDisposable
{
    private readonly Dictionary<string, WholeFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TextWriter> _writers = new(StringComparer.Ordinal);

    /// <summary>Whether one of them is the standard output, so that nothing else may go there.</summary>
    public bool TakesStandardOutput { get; init; }

    /// <summary>Begins a file.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">Where it shall be; null means the standard output.</param>
    public void Add(string option, string? path)
    {
        if (path is null) _writers.Add(option, standardOutput);
        else _files.Add(option, new WholeFile("/" + option.TrimStart('-'), path));
    }

    /// <summary>The bytes of an option's file; null when it was not asked for.</summary>
    public Stream? Bytes(string option) => _files.GetValueOrDefault(option)?.Content;

    /// <summary>The text of an option's file; null when it was not asked for.</summary>
    public TextWriter? Text(string option)
    {
        if (_writers.TryGetValue(option, out var writer)) return writer;
        if (!_files.TryGetValue(option, out var file)) return null;
        return _writers[option] = new StreamWriter(file.Content, leaveOpen: true);
    }

    /// <summary>Everything is written: puts the files in their places.</summary>
    public void Keep()
    {
        foreach (var writer in _writers.Values) writer.Flush();
        foreach (var file in _files.Values) file.Keep();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var file in _files.Values) await file.DisposeAsync();
    }
}
