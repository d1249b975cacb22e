using System.Net;
using System.Net.Sockets;

namespace Compat.Aspire.Tests.Running;

public sealed class ProcessTests
{
    private static readonly HttpClient Http = new();

    [Fact]
    public async Task Project_Started_HasItsEnvironmentAndPrintsUnderItsName()
    {
        await using var app = new TestApplication("--environment", "Staging");
        var other = app.AddService("other");
        var service = app.AddService("service").WithReference(other).WithEnvironment("GIVEN", "value").WaitFor(other);
        await app.StartAsync();
        await app.HealthyAsync("service");

        var url = service.GetEndpoint("http").Url;
        Assert.Equal("value", await EnvironmentAsync(url, "GIVEN"));
        Assert.Equal(other.GetEndpoint("http").Url, await EnvironmentAsync(url, "services__other__http__0"));
        Assert.Equal(other.GetEndpoint("http").Url, await EnvironmentAsync(url, "OTHER_HTTP"));
        Assert.Equal("service", await EnvironmentAsync(url, "OTEL_SERVICE_NAME"));
        Assert.Equal("Staging", await EnvironmentAsync(url, "ASPNETCORE_ENVIRONMENT"));
        Assert.Contains("service | hello from the service", app.Printed, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', app.Printed);
    }

    [Fact]
    public async Task Project_WithLaunchProfile_HasItsVariablesAndAddress()
    {
        await using var app = new TestApplication();
        var service = app.Builder.AddProject("service", TestApplication.ServiceProject).WithHttpHealthCheck("/health");
        await app.StartAsync();
        await app.HealthyAsync("service");

        var url = service.GetEndpoint("http").Url;
        Assert.Equal("yes", await EnvironmentAsync(url, "FROM_LAUNCH_PROFILE"));
        Assert.Equal("Development", await EnvironmentAsync(url, "ASPNETCORE_ENVIRONMENT"));
        Assert.Equal("service", await EnvironmentAsync(url, "DOTNET_LAUNCH_PROFILE"));
    }

    [Fact]
    public async Task WaitFor_UnhealthyDependency_StartsOnlyOnceItIsHealthy()
    {
        await using var app = new TestApplication();
        var file = Path.Combine(app.DataFolder, "healthy");
        var slow = app.AddService("slow").WithEnvironment("HEALTHY_WHEN_FILE", file);
        app.AddService("late").WaitFor(slow);
        await app.StartAsync();
        await app.StateAsync("slow", KnownResourceStates.Running);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await EventuallyStatusAsync(slow.GetEndpoint("http").Url + "/health"));
        await app.StateAsync("late", KnownResourceStates.Waiting);

        await File.WriteAllTextAsync(file, "");
        await app.HealthyAsync("late");
        Assert.Contains("late > waits for slow", app.Printed.Replace("late ", "late", StringComparison.Ordinal).Replace("late>", "late >", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_WithCode_IsReportedAndFailsOnlyItsDependants()
    {
        await using var app = new TestApplication();
        var file = Path.Combine(app.DataFolder, "never");
        var failing = app.AddService("failing").WithEnvironment("EXIT_CODE", "3").WithEnvironment("HEALTHY_WHEN_FILE", file);
        app.AddService("dependant").WaitFor(failing);
        app.AddService("bystander");
        await app.StartAsync();

        var ended = await app.StateAsync("failing", KnownResourceStates.Exited);
        var dependant = await app.StateAsync("dependant", KnownResourceStates.FailedToStart);
        await app.HealthyAsync("bystander");

        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("'failing', which will not be ready: it ended with exit code 3", dependant.Reason, StringComparison.Ordinal);
        Assert.Contains("ended with exit code 3", app.Printed, StringComparison.Ordinal);
        Assert.Contains("it is not restarted", app.Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitForCompletion_ExpectedExitCode_StartsTheNext()
    {
        await using var app = new TestApplication();
        var first = app.Builder.AddExecutable("first", "/bin/sh", ".", "-c", "exit 7");
        app.Builder.AddExecutable("second", "/bin/sh", ".", "-c", "echo second ran").WaitForCompletion(first, exitCode: 7);
        await app.StartAsync();

        await app.StateAsync("second", KnownResourceStates.Finished);
        Assert.Contains("second | second ran", app.Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Executable_Missing_SaysWhatIsMissingAndFailsDependants()
    {
        await using var app = new TestApplication();
        var missing = app.Builder.AddExecutable("missing", "no-such-program", ".");
        app.AddService("dependant").WaitFor(missing);
        await app.StartAsync();

        var dependant = await app.StateAsync("dependant", KnownResourceStates.FailedToStart);
        Assert.Contains("'no-such-program' was not found on PATH", dependant.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Project_NotBuilt_SaysHowToBuildIt()
    {
        await using var app = new TestApplication();
        var folder = Directory.CreateDirectory(Path.Combine(app.DataFolder, "Unbuilt"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Unbuilt.csproj"), "<Project Sdk=\"Microsoft.NET.Sdk\" />");
        app.Builder.AddProject("unbuilt", folder.FullName, launchProfileName: null);
        await app.StartAsync();

        var state = await app.StateAsync("unbuilt", KnownResourceStates.FailedToStart);
        Assert.Contains("dotnet build", state.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartAsync_FixedPortInUse_NamesResourceAndPortAndStartsNothing()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var app = new TestApplication();
        app.Builder.AddExecutable("tool", "/bin/sh", ".", "-c", "echo ran");
        app.Builder.AddProject("web", TestApplication.ServiceProject, launchProfileName: null).WithHttpEndpoint(port: port, env: "HTTP_PORT");

        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(app.StartAsync);

        Assert.Contains($"port {port} of resource 'web', endpoint 'http' is already in use", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(app.Printed);
    }

    [Fact]
    public async Task StartAsync_WaitCycle_IsRefused()
    {
        await using var app = new TestApplication();
        var a = app.Builder.AddExecutable("a", "/bin/sh", ".");
        var b = app.Builder.AddExecutable("b", "/bin/sh", ".").WaitFor(a);
        a.WaitFor(b);

        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(app.StartAsync);
        Assert.Contains("a -> b -> a", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithReplicas_OneAddress_IsServedByAllProcesses()
    {
        await using var app = new TestApplication();
        var service = app.AddService("service").WithReplicas(2);
        await app.StartAsync();
        await app.HealthyAsync("service");

        var pids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 20 && pids.Count < 2; i++)
        {
            using var client = new HttpClient();
            pids.Add(await client.GetStringAsync(service.GetEndpoint("http").Url + "/pid"));
            await Task.Delay(100);
        }

        Assert.Equal(2, pids.Count);
        Assert.Contains("service-1 | hello", app.Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StopAsync_DependantsEndBeforeWhatTheyWaitedFor()
    {
        await using var app = new TestApplication();
        var first = app.AddService("first");
        app.AddService("second").WaitFor(first);
        await app.StartAsync();
        await app.HealthyAsync("second");
        await app.StopAsync();

        var lines = app.Printed.Split('\n').ToList();
        var second = lines.FindIndex(line => line.StartsWith("second > stopped", StringComparison.Ordinal));
        var firstStopped = lines.FindIndex(line => line.StartsWith("first  > stopped", StringComparison.Ordinal));
        Assert.InRange(second, 0, firstStopped - 1);
        Assert.Equal(2, lines.Count(line => line.Contains("goodbye", StringComparison.Ordinal)));
    }

    private static async Task<string> EnvironmentAsync(string url, string name) => await Http.GetStringAsync($"{url}/env/{name}");

    private static async Task<HttpStatusCode> EventuallyStatusAsync(string url)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri(url));
                return answer.StatusCode;
            }
            catch (HttpRequestException) when (i < 100)
            {
                await Task.Delay(100);
            }
        }
    }
}
