using Qmtl.Testing;
using Qmtl.Tests.Rpc;

namespace Qmtl.ServiceDefaults.Tests.Rpc;

/// <summary>Server streaming as server-sent events.</summary>
public sealed class EventStreamTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_IsOneDocumentAnEvent(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied, options =>
        {
            options.EventId = message => ((Everything)message).SeqNo.ToString(System.Globalization.CultureInfo.InvariantCulture);
            options.EventName = _ => "tick";
        });

        var answer = await host.GetAsync("/watch/w?count=2");

        Assert.Equal("text/event-stream", answer.Headers["Content-Type"]);
        var lines = answer.Body.Split('\n');
        Assert.Equal(["id: 1", "event: tick", "id: 2", "event: tick"], lines.Where(line => line.StartsWith("id", StringComparison.Ordinal) || line.StartsWith("event", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(line => line.StartsWith("data: {\"id\":\"w\"", StringComparison.Ordinal) && line.EndsWith('}')));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Refusal_BeforeTheFirstEvent_IsAProblemDocument(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.GetAsync("/watch/refused");

        Assert.Equal((404, "E_WORLD_UNKNOWN"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Refusal_AfterAnEvent_IsAnErrorEvent(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.GetAsync("/watch/breaks?count=1");

        Assert.Equal(200, answer.Status);
        Assert.Contains("event: error\ndata: {\"type\":\"urn:qmtl:reason:E_GRAPH_UNAVAILABLE\"", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task QuietStream_SendsHeadersAtOnce_AndComments_UntilTheClientLeaves(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied, options =>
        {
            options.StreamStart = TimeSpan.FromMilliseconds(20);
            options.Heartbeat = TimeSpan.FromMilliseconds(50);
        });
        using var response = await host.Http.GetAsync(new Uri("/watch/stays?count=1", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead).Within(10);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync().Within(10));

        var comments = 0;
        while (comments < 3)
        {
            if (await reader.ReadLineAsync().Within(10) == ":") comments++;
        }

        response.Dispose();
        Assert.DoesNotContain(host.Logged(), line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
