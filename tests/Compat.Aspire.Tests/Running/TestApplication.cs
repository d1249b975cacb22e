using System.Reflection;
using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;

namespace Compat.Aspire.Tests.Running;

/// <summary>An application that runs inside of the test, and what it printed.</summary>
internal sealed class TestApplication : IAsyncDisposable
{
    private readonly StringWriter _text = new();
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("aspire-tests");
    private DistributedApplication? _app;

    public TestApplication(params string[] args)
    {
        // A server's own account must be able to pass through.
        File.SetUnixFileMode(_data.FullName, (UnixFileMode)0b111_101_101);
        Console = new ResourceConsole(TextWriter.Synchronized(_text), TextWriter.Synchronized(_text), colours: false);
        Builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = [.. args, "--LocalServers:DataFolder", _data.FullName],
            AssemblyName = typeof(TestApplication).Assembly.GetName().Name,
            ProjectDirectory = TestsFolder,
            DisableDashboard = true,
        });
        Builder.Services.AddSingleton(Console);
    }

    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public static string TestsFolder { get; } = Path.GetFullPath(Metadata("TestsFolder"));

    public static string ServiceProject { get; } = "Compat.Aspire.TestService/Compat.Aspire.TestService.csproj";

    public IDistributedApplicationBuilder Builder { get; }

    public ResourceConsole Console { get; }

    public string DataFolder => _data.FullName;

    public string Printed
    {
        get
        {
            lock (_text) return _text.ToString();
        }
    }

    public ResourceNotificationService Notifications => _app!.ResourceNotifications;

    public static string Metadata(string key) =>
        typeof(TestApplication).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;

    public IResourceBuilder<ProjectResource> AddService(string name) =>
        Builder.AddProject(name, ServiceProject, launchProfileName: null).WithHttpEndpoint(env: "HTTP_PORT").WithHttpHealthCheck("/health");

    public async Task StartAsync()
    {
        _app = Builder.Build();
        await _app.StartAsync().WaitAsync(Patience);
    }

    public Task StopAsync() => _app!.StopAsync().WaitAsync(Patience);

    public Task<ResourceEvent> HealthyAsync(string name) => InTimeAsync(Notifications.WaitForResourceHealthyAsync(name));

    public async Task<CustomResourceSnapshot> StateAsync(string name, params string[] states)
    {
        var reached = await InTimeAsync(Notifications.WaitForResourceAsync(name, e => states.Contains(e.Snapshot.State?.Text)));
        return reached.Snapshot;
    }

    private async Task<T> InTimeAsync<T>(Task<T> task)
    {
        try
        {
            return await task.WaitAsync(Patience);
        }
        catch (TimeoutException fault)
        {
            throw new TimeoutException(Printed, fault);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        _data.Delete(recursive: true);
        await _text.DisposeAsync();
    }
}
