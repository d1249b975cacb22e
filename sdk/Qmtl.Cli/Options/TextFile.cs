using Qmtl.Cli.Shell;
using Qmtl.Identity;

namespace Qmtl.Cli.Options;

/// <summary>Files whose text a command reads; "-" is the standard input.</summary>
internal static class TextFile
{
    public static async Task<string> ReadAsync(CliHost host, string path, CancellationToken cancellationToken)
    {
        if (path == "-") return await host.In.ReadToEndAsync(cancellationToken);
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw RefusalException.At(ReasonCodes.NotFound, "/file", $"{path} cannot be read: {problem.Message}");
        }
    }
}
