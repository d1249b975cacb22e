using System.Diagnostics;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.ServiceDefaults.Telemetry;
using Qmtl.Testing;
using Qmtl.Tests.Probing;

namespace Qmtl.ServiceDefaults.Tests;

public sealed class TracingTests
{
    [Fact]
    public async Task Request_AcrossServicesOverHttpAndGrpc_IsOneTrace()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var far = await TestService.StartAsync(receiver.SettingsFor("far"), add: builder => builder.Services.AddGrpc(), map: app =>
        {
            app.MapGrpcService<ProbeService>();
            app.MapGet("/far", () => "far");
        });
        var settings = receiver.SettingsFor("near");
        settings["services:far:http:0"] = far.Http.ToString();
        settings["services:far:grpc:0"] = far.Grpc.ToString();
        await using var near = await TestService.StartAsync(
            settings,
            add: builder => builder.Services.AddQmtlGrpcClient<Probe.ProbeClient>("far"),
            map: app => app.MapGet("/near", async (IHttpClientFactory http, Probe.ProbeClient grpc, ILogger<TracingTests> log) =>
            {
                using var client = http.CreateClient();
                Trace.Asked(log);
                return await client.GetStringAsync(new Uri("http://far/far")) + (await grpc.AskAsync(new Question { Text = "?" })).Text;
            }));
        using var outside = new HttpClient();

        Assert.Equal("far!?", await outside.GetStringAsync(new Uri(near.Http, "/near")).Within(20));

        // Sources are the process's: each host reports the spans of both, and of tests beside this one. So one span is told from another by its id alone.
        string[] served = ["GET /near", "GET /far", "POST /qmtl.tests.Probe/Ask"];
        await TimeLimits.EventuallyAsync(() => served.All(name => receiver.Spans.Any(span => span.Kind == ReceivedSpan.Server && span.Name == name)));
        await TimeLimits.EventuallyAsync(() => new[] { "/v1/traces", "/v1/metrics", "/v1/logs" }.All(receiver.Signals.ContainsKey));
        await TimeLimits.EventuallyAsync(() => new[] { "near", "far" }.All(name => receiver.Spans.Any(span => span.Service == name)));
        var spans = receiver.Spans.DistinctBy(span => span.SpanId).ToDictionary(span => span.SpanId, StringComparer.Ordinal);
        var root = Assert.Single(spans.Values, span => span is { Kind: ReceivedSpan.Server, Name: "GET /near" });
        foreach (var name in served[1..])
        {
            var server = Assert.Single(spans.Values, span => span.Kind == ReceivedSpan.Server && span.Name == name);
            var client = spans[server.ParentSpanId];
            Assert.Equal(ReceivedSpan.Client, client.Kind);
            Assert.Equal(root.SpanId, client.ParentSpanId);
            Assert.Equal([root.TraceId, root.TraceId], [client.TraceId, server.TraceId]);
        }
    }

    [Fact]
    public async Task Probes_AreNotTraced()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = await TestService.StartAsync(receiver.SettingsFor("probed"), map: app => app.MapGet("/work", () => "done"));
        using var client = new HttpClient();

        foreach (var path in new[] { "/health/live", "/health/ready", "/alive", "/metrics", "/work" }) await client.GetStringAsync(new Uri(service.Http, path)).Within(10);

        await TimeLimits.EventuallyAsync(() => receiver.Spans.Any(span => span.Name == "GET /work"));
        Assert.DoesNotContain(receiver.Spans, span => span.Kind == ReceivedSpan.Server && new[] { "health", "alive", "metrics" }.Any(span.Name.Contains));
    }

    [Fact]
    public void Message_InjectedAndExtracted_ContinuesTheTrace()
    {
        using var source = new ActivitySource("Qmtl.Message.Tests");
        using var listener = new ActivityListener { ShouldListenTo = candidate => candidate == source, Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded };
        ActivitySource.AddActivityListener(listener);
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        using var sender = source.StartActivity("send", ActivityKind.Producer);
        sender!.TraceStateString = "vendor=1";

        MessageTracing.Inject(headers);
        sender.Stop();
        using var handler = source.StartConsumer("handle", headers);

        Assert.Equal(sender.TraceId, handler!.TraceId);
        Assert.Equal(sender.SpanId, handler.ParentSpanId);
        Assert.True(handler.HasRemoteParent);
        Assert.Equal("vendor=1", handler.TraceStateString);
    }

    [Theory]
    [InlineData("not a trace")]
    [InlineData("00-00000000000000000000000000000000-0000000000000000-01")]
    public void Message_MalformedHeader_StartsATraceOfItsOwn(string traceParent)
    {
        var context = MessageTracing.Extract(new Dictionary<string, string>(StringComparer.Ordinal) { ["traceparent"] = traceParent });

        Assert.Equal(default, context.TraceId);
    }
}

internal static partial class Trace
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Asked the far service")]
    public static partial void Asked(ILogger logger);
}

internal sealed class ProbeService : Probe.ProbeBase
{
    public override Task<Answer> Ask(Question request, ServerCallContext context) => Task.FromResult(new Answer { Text = "!" + request.Text });
}
