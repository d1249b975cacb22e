using Qmtl.Client;
using Qmtl.Standalone;

namespace Qmtl.Cli.Shell;

/// <summary>Everything a command touches outside its own arguments, so that tests run commands in process.</summary>
/// <param name="Out">The result goes here, and nothing else.</param>
/// <param name="Error">Progress, warnings and errors.</param>
/// <param name="In">What a file argument "-" reads.</param>
/// <param name="Variable">Reads an environment variable.</param>
/// <param name="Embedded">Starts the stack when no gateway is given.</param>
/// <param name="OutIsTerminal">Whether a person reads <paramref name="Out"/>.</param>
/// <param name="ErrorIsTerminal">Whether a person reads <paramref name="Error"/>.</param>
internal sealed record CliHost(
    TextWriter Out, TextWriter Error, TextReader In, Func<string, string?> Variable, IEmbeddedStackFactory Embedded, bool OutIsTerminal, bool ErrorIsTerminal)
{
    // A terminal sees each line at once; a file or a pipe gets blocks, because a system call for every cell would take longer than computing it.
    private const int BlockCharacters = 1 << 15;

    public static CliHost OfThisProcess() => new(
        Console.IsOutputRedirected ? new StreamWriter(Console.OpenStandardOutput(), Console.Out.Encoding, BlockCharacters) : Console.Out, Console.Error, Console.In, Environment.GetEnvironmentVariable, new QuietStack(), !Console.IsOutputRedirected, !Console.IsErrorRedirected);
}

/// <summary>The stack inside this process, without its log: what goes wrong reaches the command as a refusal and is said once, in one line.</summary>
internal sealed class QuietStack : IEmbeddedStackFactory
{
    public async Task<IEmbeddedStack> StartAsync(string stateDirectory, CancellationToken cancellationToken = default) =>
        await EmbeddedStack.StartAsync(stateDirectory, new Dictionary<string, string?>(StringComparer.Ordinal) { ["Logging:LogLevel:Default"] = "None" }, cancellationToken);
}
