using System.Text.Json;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Standalone;

namespace Qmtl.Cli.Tests;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record Ran(int ExitCode, string Out, string Error)
{
    /// <summary>The one JSON document on the standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>The lines of the standard output.</summary>
    public string[] Lines => Out.TrimEnd('\n').Split('\n');
}

/// <summary>Runs commands in this process, as a shell would.</summary>
internal static class Command
{
    public static Task<Ran> RunAsync(params string[] args) => RunAsync(args, CancellationToken.None);

    public static async Task<Ran> RunAsync(string[] args, CancellationToken cancellationToken, string input = "", IReadOnlyDictionary<string, string>? variables = null)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var host = new CliHost(
            output, error, new StringReader(input), name => variables?.GetValueOrDefault(name), new QuietStack(), OutIsTerminal: false, ErrorIsTerminal: false);
        var exitCode = await CliApp.RunAsync(args, host, cancellationToken).Within(120);
        return new Ran(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that must work and answer in JSON.</summary>
    public static async Task<JsonElement> JsonAsync(params string[] args)
    {
        var ran = await RunAsync([.. args, "--output", "json"]);
        Assert.True(ran.ExitCode == ExitCodes.Done, $"{string.Join(' ', args)}: {ran.ExitCode} {ran.Error}");
        return ran.Json;
    }
}

/// <summary>A folder that goes with the test.</summary>
public sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("qmtl-cli-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>One stack for all tests of a class that need a Gateway.</summary>
public sealed class StackFixture : IAsyncLifetime
{
    private readonly string _state = Directory.CreateTempSubdirectory("qmtl-cli-").FullName;
    private IEmbeddedStack? _stack;

    public string Gateway => _stack!.GatewayHttp.ToString();

    public async Task InitializeAsync() => _stack = await new EmbeddedStackFactory().StartAsync(_state).Within();

    public async Task DisposeAsync()
    {
        if (_stack is not null) await _stack.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }
}
