using Qmtl.Identity;

namespace Qmtl.Cli.Shell;

/// <summary>A file that appears whole or not at all: written beside its place and moved there at the end, so that an interrupted command leaves the old one.</summary>
internal sealed class WholeFile : IAsyncDisposable
{
    private readonly string _option;
    private readonly string _path;
    private readonly string _part;

    /// <summary>Begins the file beside its place.</summary>
    /// <param name="option">Pointer of the option that named the file.</param>
    /// <param name="path">Where it shall be.</param>
    public WholeFile(string option, string path)
    {
        (_option, _path, _part) = (option, path, path + ".part");
        Content = Try(() => new FileStream(_part, FileMode.Create, FileAccess.Write));
    }

    /// <summary>What it shall hold.</summary>
    public Stream Content { get; }

    /// <summary>Everything is written: puts the file in its place.</summary>
    public void Keep() => Try(() =>
    {
        Content.Dispose();
        File.Move(_part, _path, overwrite: true);
        return _path;
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Content.DisposeAsync();
        File.Delete(_part);
    }

    private T Try<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw RefusalException.At(ReasonCodes.InvalidArgument, _option, $"{_path} cannot be written: {problem.Message}");
        }
    }
}
