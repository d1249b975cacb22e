using System.Diagnostics;
using Qmtl.Testing;

namespace Qmtl.Protos.Tests;

/// <summary>The contract is for other languages too.</summary>
public sealed class PythonTests
{
    [RequiresFact(Needs.PythonGrpc)]
    public async Task Python_CompilesAndImportsTheTree()
    {
        var output = Directory.CreateTempSubdirectory("qmtl-protos-");
        try
        {
            await RunAsync(output.FullName, ["-m", "grpc_tools.protoc", $"-I{Contract.Folder}", $"--python_out={output.FullName}", $"--grpc_python_out={output.FullName}", .. Contract.Files]);
            var said = await RunAsync(
                output.FullName,
                [
                    "-c",
                    """
                    from google.protobuf import json_format
                    from qmtl.v1 import dag_manager_pb2_grpc, envelopes_pb2, gateway_pb2_grpc, world_service_pb2_grpc
                    envelope = json_format.Parse('{"world_id":"w","ttl":"300s","rows":5,"coverage_bounds":[60,"120"]}', envelopes_pb2.DecisionEnvelope())
                    print(envelope.ttl.seconds, envelope.rows.value, list(envelope.coverage_bounds), world_service_pb2_grpc.WorldServiceStub.__name__)
                    """,
                ]);

            Assert.Equal("300 5 [60, 120] WorldServiceStub", said.Trim());
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(string folder, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Machine.Python, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder,
        })!;
        var said = process.StandardOutput.ReadToEndAsync();
        var complained = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().Within(60);
        Assert.True(process.ExitCode == 0, await complained.Within(10));
        return await said.Within(10);
    }
}
