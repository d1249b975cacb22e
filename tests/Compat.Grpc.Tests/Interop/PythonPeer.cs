using System.Diagnostics;
using Qmtl.Testing;

namespace Compat.Grpc.Tests.Interop;

/// <summary>Runs the python side, with its messages generated from the same proto file.</summary>
internal sealed class PythonPeer : IAsyncDisposable
{
    private readonly DirectoryInfo _generated = Directory.CreateTempSubdirectory("qmtl-probe-");

    public async Task GenerateAsync()
    {
        using var protoc = Start(["-m", "grpc_tools.protoc", "-I", Beside("Protos"), $"--python_out={_generated.FullName}", $"--grpc_python_out={_generated.FullName}", "probe.proto"]);
        await protoc.WaitForExitAsync().Within();
        Assert.True(protoc.ExitCode == 0, await protoc.StandardError.ReadToEndAsync());
    }

    /// <summary>The lines the script printed.</summary>
    public async Task<string[]> RunClientAsync(string authority)
    {
        using var client = Start([Beside("Interop/probe_client.py"), authority, _generated.FullName]);
        var output = client.StandardOutput.ReadToEndAsync();
        var errors = client.StandardError.ReadToEndAsync();
        await client.WaitForExitAsync().Within(60);
        Assert.True(client.ExitCode == 0, $"{await output}\n{await errors}");
        return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>A running server; it ends when its input is closed, so also when this process dies.</summary>
    public Process StartServer() => Start([Beside("Interop/probe_server.py"), _generated.FullName]);

    public ValueTask DisposeAsync()
    {
        _generated.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private static string Beside(string path) => Path.Combine(AppContext.BaseDirectory, path);

    private static Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo(Machine.Python, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        return Process.Start(start)!;
    }
}
