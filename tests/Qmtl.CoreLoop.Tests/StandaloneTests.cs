using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Qmtl.Standalone;
using Qmtl.Testing;

namespace Qmtl.CoreLoop.Tests;

/// <summary>The one-process stack as its callers see it.</summary>
public sealed class StandaloneTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-embedded-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Factory_StartsAStackThatAnswers_AndEndsIt()
    {
        Uri address;
        await using (var stack = await new EmbeddedStackFactory().StartAsync(_folder).Within())
        {
            address = stack.GatewayHttp;
            using var http = new HttpClient { BaseAddress = address };
            Assert.Contains("\"status\":\"ok\"", (await http.GetStringAsync(new Uri("health", UriKind.Relative)).Within()).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(_folder, "qmtl.db")));
        }

        using var late = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => late.GetAsync(new Uri(address, "health")).Within());
    }

    [Fact]
    public async Task Dispose_WithAFollowerOnTheLine_TakesLessThanFiveSeconds()
    {
        var stack = await EmbeddedStack.StartAsync(_folder).Within();
        using var http = new HttpClient();
        using var events = await http.GetAsync(new Uri(stack.GatewayHttp, "events"), HttpCompletionOption.ResponseHeadersRead).Within();
        using var page = await http.GetAsync(new Uri(stack.Dashboard, "live"), HttpCompletionOption.ResponseHeadersRead).Within();

        var clock = Stopwatch.StartNew();
        await stack.DisposeAsync();

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task Start_OnATakenPort_NamesThePortAndTheSetting()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var problem = await Assert.ThrowsAsync<PortTakenException>(
            () => EmbeddedStack.StartAsync(_folder, new Dictionary<string, string?>(StringComparer.Ordinal) { ["GRPC_PORT"] = port }).Within());

        Assert.Contains(port, problem.Message, StringComparison.Ordinal);
        Assert.Contains("GRPC_PORT", problem.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task Endpoints_ServeOnlyWhatIsTheirs()
    {
        await using var stack = await EmbeddedStack.StartAsync(_folder).Within();
        using var http = new HttpClient();

        using var page = await http.GetAsync(new Uri(stack.Dashboard, "/")).Within();
        using var worlds = await http.GetAsync(new Uri(stack.Dashboard, "/worlds")).Within();
        using var noPage = await http.GetAsync(new Uri(stack.GatewayHttp, "/")).Within();

        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (worlds.StatusCode, noPage.StatusCode));
    }
}
