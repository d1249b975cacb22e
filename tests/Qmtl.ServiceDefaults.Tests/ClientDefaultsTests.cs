using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;
using Qmtl.Testing;
using Qmtl.Tests.Probing;

namespace Qmtl.ServiceDefaults.Tests;

public sealed class ClientDefaultsTests
{
    [Fact]
    public async Task GrpcClient_HasNoResilienceHandler_AndHttpClientsDo()
    {
        await using var app = TestService.Build(add: builder =>
        {
            builder.Services.AddQmtlGrpcClient<Probe.ProbeClient>("far");
            builder.Services.AddHttpClient("plain");
        });
        var handlers = app.Services.GetRequiredService<IHttpMessageHandlerFactory>();

        Assert.DoesNotContain(Chain(handlers.CreateHandler(nameof(Probe.ProbeClient))), handler => handler is ResilienceHandler);
        Assert.Contains(Chain(handlers.CreateHandler("plain")), handler => handler is ResilienceHandler);
    }

    [Fact]
    public async Task GrpcClient_NobodyThere_FailsAtOnceWithItsOwnStatus()
    {
        using var unused = new TcpListener(IPAddress.Loopback, 0);
        unused.Start();
        var port = ((IPEndPoint)unused.LocalEndpoint).Port;
        unused.Stop();
        await using var app = TestService.Build(
            new() { ["services:far:grpc:0"] = $"http://127.0.0.1:{port}" }, builder => builder.Services.AddQmtlGrpcClient<Probe.ProbeClient>("far"));
        var client = app.Services.GetRequiredService<Probe.ProbeClient>();
        var watch = Stopwatch.StartNew();

        var error = await Assert.ThrowsAsync<RpcException>(() => client.AskAsync(new Question()).ResponseAsync.Within(20));

        // The handler's first repetition would come after about two seconds.
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 1.5);
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("POST", 1)]
    public async Task HttpClient_TransientFailure_RepeatsOnlyWhatIsSafe(string method, int expected)
    {
        var calls = 0;
        await using var far = await TestService.StartAsync(map: app => app.MapMethods("/flaky", [method], (HttpResponse response) =>
        {
            // Retry-After keeps the test short: it replaces the back-off.
            response.Headers.RetryAfter = "0";
            return Interlocked.Increment(ref calls) == 1 ? Results.StatusCode(503) : Results.Ok();
        }));
        await using var app = TestService.Build(new() { ["services:far:http:0"] = far.Http.ToString() });
        using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://far/flaky");

        using var response = await client.SendAsync(request).Within(20);

        Assert.Equal(expected, calls);
        Assert.Equal(expected == 2 ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    private static IEnumerable<HttpMessageHandler> Chain(HttpMessageHandler handler)
    {
        for (var next = handler; next is not null; next = (next as DelegatingHandler)?.InnerHandler) yield return next;
    }
}
