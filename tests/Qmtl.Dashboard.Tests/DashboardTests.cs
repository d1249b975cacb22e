using System.Collections.Concurrent;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Dashboard.Live;
using Qmtl.Standalone;

namespace Qmtl.Dashboard.Tests;

public sealed class DashboardTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-dashboard-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private EmbeddedStack? _stack;

    public async Task InitializeAsync() => _stack = await EmbeddedStack.StartAsync(_folder).Within();

    public void Dispose() => _http.Dispose();

    public async Task DisposeAsync()
    {
        if (_stack is not null) await _stack.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Page_IsWholeOnItsOwn_AndNamesNoOtherHost()
    {
        using var page = await _http.GetAsync(Page("/")).Within();
        var html = await page.Content.ReadAsStringAsync().Within();

        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        Assert.Equal("utf-8", page.Content.Headers.ContentType?.CharSet);
        Assert.StartsWith("<!doctype html>", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("lang=\"en\"", html, StringComparison.Ordinal);
        foreach (var asset in new[] { "dashboard.css", "dashboard.js" })
        {
            var text = await _http.GetStringAsync(Page(asset)).Within();
            Assert.DoesNotContain("://", text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("://", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task World_CreatedWhileThePageIsOpen_AppearsWithoutAsking()
    {
        using var end = new CancellationTokenSource();
        var sections = new ConcurrentQueue<(string Id, string Html)>();
        var following = FollowAsync(sections, end.Token);
        await TimeLimits.EventuallyAsync(() => sections.Any(section => section.Id == "worlds"));

        await CreateWorldAsync("night-desk", "Night <b>desk</b>");

        await TimeLimits.EventuallyAsync(() => sections.Any(section => section.Id == "worlds" && section.Html.Contains("night-desk", StringComparison.Ordinal)));
        Assert.DoesNotContain(sections, section => section.Html.Contains("<b>desk</b>", StringComparison.Ordinal));
        await end.CancelAsync();
        await following.Within();
    }

    [Fact]
    public async Task Health_SaysThatThePageWorks()
    {
        using var document = JsonDocument.Parse(await _http.GetStringAsync(Page("health")).Within());

        Assert.Equal("ok", document.RootElement.GetProperty("status").GetString());
        await TimeLimits.EventuallyAsync(async () => (await _http.GetStringAsync(Page("health"))).Contains("\"gateway\":\"ok\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Gateway_ThatDoesNotAnswer_IsSaidOnThePage()
    {
        await using var alone = await EmbeddedStack.StartAsync(
            Path.Combine(_folder, "alone"), new Dictionary<string, string?>(StringComparer.Ordinal) { ["Dashboard:Gateway"] = "http://127.0.0.1:9" }).Within();

        await TimeLimits.EventuallyAsync(async () => (await _http.GetStringAsync(alone.Dashboard)).Contains("unreachable", StringComparison.Ordinal));
    }

    [RequiresFact(Needs.Chromium)]
    public async Task Page_InABrowser_IsDrawnAndFollows()
    {
        await CreateWorldAsync("crypto-mom", "Crypto momentum");
        var state = _stack!.Services.GetRequiredService<DashboardState>();
        await TimeLimits.EventuallyAsync(() => state.View.Worlds.Any(world => world.Id == "crypto-mom"));

        var drawing = Browser.DrawAsync(_stack.Dashboard);
        await TimeLimits.EventuallyAsync(() => state.Followers == 1);
        var picture = await drawing.Within(60);

        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
        // Far more than an empty page compresses to.
        Assert.True(picture.Length > 20_000, $"The picture has {picture.Length} bytes.");
        await TimeLimits.EventuallyAsync(() => state.Followers == 0);
    }

    private Uri Page(string path) => new(_stack!.Dashboard, path);

    private async Task CreateWorldAsync(string id, string name)
    {
        using var body = new StringContent(JsonSerializer.Serialize(new { id, name }), Encoding.UTF8, "application/json");
        using var created = await _http.PostAsync(new Uri(_stack!.GatewayHttp, "worlds"), body).Within();
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
    }

    private async Task FollowAsync(ConcurrentQueue<(string Id, string Html)> into, CancellationToken end)
    {
        try
        {
            await using var stream = await _http.GetStreamAsync(Page("live"), end);
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(end))
            {
                var section = JsonElement.Parse(item.Data);
                into.Enqueue((section.GetProperty("id").GetString()!, section.GetProperty("html").GetString()!));
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Told to stop following.
        }
    }
}
