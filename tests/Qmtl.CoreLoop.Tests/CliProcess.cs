using System.Diagnostics;
using System.Text.Json;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.CoreLoop.Tests;

/// <summary>A submission by the command line in a process of its own.</summary>
internal sealed class CliProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private CliProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts <c>qmtl submit --share</c> with a strategy of this assembly.</summary>
    public static CliProcess Submit<TStrategy>(Uri gateway, string world, string file, string parameter)
        where TStrategy : Strategy
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])
        [
            Path.Combine(AppContext.BaseDirectory, "Qmtl.Cli.dll"), "submit", $"{typeof(TStrategy).Assembly.Location}:{typeof(TStrategy).FullName}", "--world", world, "--data", file,
            "--param", parameter, "--share", "--share-lease", "1", "--gateway", gateway.ToString(), "--output", "json",
        ]) start.ArgumentList.Add(argument);
        return new CliProcess(Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start."));
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits for something while the process runs; a process that ended is an error with its last words.</summary>
    public Task UntilAsync(Func<Task<bool>> isSo) => TimeLimits.EventuallyAsync(async () =>
    {
        if (await isSo()) return true;
        return HasExited ? throw new InvalidOperationException($"It ended with {_process.ExitCode}: {await _error}") : false;
    });

    /// <summary>The document it prints at its end.</summary>
    public async Task<JsonElement> ResultAsync()
    {
        await _process.WaitForExitAsync().Within(120);
        // 3: the world does not select it, which is its right.
        Assert.True(_process.ExitCode is 0 or 3, $"It ended with {_process.ExitCode}: {await _error}");
        return JsonDocument.Parse(await _output).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync().Within(30);
        _process.Dispose();
    }
}

/// <summary>A folder that goes with the test.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-share-").FullName;

    public string Write(string name, Action<TextWriter> write)
    {
        var path = Path.Combine(_folder, name);
        using var writer = new StreamWriter(path);
        write(writer);
        return path;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
