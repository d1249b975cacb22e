using System.Net;

namespace Qmtl.Testing;

/// <summary>A program of the product in a process of its own, which never outlives the test process.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private readonly ServerProcess _process;

    private ServiceProcess(ServerProcess process) => _process = process;

    /// <summary>Starts <paramref name="assembly"/> and waits until <paramref name="health"/> answers 200.</summary>
    /// <param name="assembly">Path of the program's dll.</param>
    /// <param name="settings">Environment variables, over those of Development.</param>
    /// <param name="health">Address that answers once the program is ready.</param>
    public static async Task<ServiceProcess> StartAsync(string assembly, IReadOnlyDictionary<string, string> settings, Uri health)
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-service-").FullName;
        var dotnet = Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet";
        var process = ServerProcess.Start(folder, "TERM", ["env", "ASPNETCORE_ENVIRONMENT=Development", .. settings.Select(setting => $"{setting.Key}={setting.Value}"), dotnet, assembly]);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            await process.WaitUntilAsync(() => IsReadyAsync(http, health), Path.GetFileNameWithoutExtension(assembly));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }

        return new ServiceProcess(process);
    }

    /// <summary>A port that nobody uses now.</summary>
    public static int FreePort() => ServerProcess.FreePort();

    /// <summary>kill -9.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>Asks the program to end and waits for it.</summary>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri health)
    {
        try
        {
            using var answer = await http.GetAsync(health);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
