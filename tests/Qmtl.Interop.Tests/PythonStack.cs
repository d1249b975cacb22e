using System.Diagnostics;
using System.Text.Json;
using Qmtl.Standalone;
using Qmtl.Testing;

namespace Qmtl.Interop.Tests;

/// <summary>A running stack, and Python with its code generated from the contract. Nothing is started on a machine without Python's gRPC.</summary>
public sealed class PythonStack : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qmtl-interop-");
    private EmbeddedStack? _stack;

    private string Generated => Path.Combine(_folder.FullName, "generated");

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        if (Machine.WhyMissing(Needs.PythonGrpc) is not null) return;
        var generating = GenerateAsync();
        _stack = await EmbeddedStack.StartAsync(Path.Combine(_folder.FullName, "state")).Within(60);
        await generating;
        // On a busy machine the first answers of a fresh process may come too late for the Gateway's probes, and a degraded Gateway takes no submissions.
        using var http = new HttpClient { BaseAddress = _stack.GatewayHttp };
        await TimeLimits.EventuallyAsync(async () => (await http.GetStringAsync(new Uri("health", UriKind.Relative))).Contains("\"status\":\"ok\"", StringComparison.Ordinal));
    }

    /// <summary>Runs a script against the stack, with <paramref name="task"/> on its standard input.</summary>
    /// <returns>The JSON document it printed.</returns>
    public async Task<JsonElement> RunAsync(string script, object task)
    {
        var stack = _stack ?? throw new InvalidOperationException("The stack was not started.");
        string[] arguments = [Beside(Path.Combine("Python", script)), stack.GatewayGrpc.Authority, stack.GatewayHttp.ToString(), Generated];
        var printed = await PythonAsync(arguments, JsonSerializer.Serialize(task));
        using var document = JsonDocument.Parse(printed);
        return document.RootElement.Clone();
    }

    /// <inheritdoc />
    public async Task DisposeAsync()
    {
        if (_stack is not null) await _stack.DisposeAsync().AsTask().Within(60);
        _folder.Delete(recursive: true);
    }

    private async Task GenerateAsync()
    {
        var protos = Beside("protos");
        Directory.CreateDirectory(Generated);
        var files = Directory.EnumerateFiles(protos, "*.proto", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(protos, file));
        await PythonAsync(["-m", "grpc_tools.protoc", $"-I{protos}", $"--python_out={Generated}", $"--grpc_python_out={Generated}", .. files], input: "");
    }

    private static string Beside(string path) => Path.Combine(AppContext.BaseDirectory, path);

    private static async Task<string> PythonAsync(string[] arguments, string input)
    {
        var start = new ProcessStartInfo(Machine.Python, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input).Within(10);
            process.StandardInput.Close();
            await process.WaitForExitAsync().Within(90);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output.Within(10)}\n{await errors.Within(10)}");
        return await output.Within(10);
    }
}
