using System.Diagnostics;
using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Grpc.Core;
using global::Grpc.Core.Interceptors;
using global::Grpc.Net.Client.Configuration;
using global::Grpc.Net.ClientFactory;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class ClientTests
{
    private static readonly Ask AskForHeaders = new() { Behaviour = "headers" };

    [Fact]
    public async Task Interceptors_OnAChannel_SeeTheCallInTheOrderGiven()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = new Probe.ProbeClient(host.Channel().Intercept(new Marker("one"), new Marker("two")));

        using var call = client.EchoAsync(AskForHeaders);

        Assert.Equal(["one", "two"], (await call.ResponseHeadersAsync.Within()).GetAll("x-mark").SelectMany(entry => entry.Value.Split(',', StringSplitOptions.TrimEntries)));
        await call.ResponseAsync.Within();
    }

    [Fact]
    public async Task Factory_ConfiguredClient_UsesAllThatWasConfigured()
    {
        await using var host = await ProbeHost.StartAsync();
        var services = new ServiceCollection();
        services.AddScoped<Marker>(_ => new Marker("client"));
        services.AddGrpcClient<Probe.ProbeClient>(options => options.Address = new Uri(host.Address))
            .ConfigureChannel(options =>
            {
                options.UnsafeUseInsecureChannelCallCredentials = true;
                options.MaxReceiveMessageSize = 1_000;
            })
            .AddInterceptor(() => new Marker("channel"))
            .AddInterceptor<Marker>(InterceptorScope.Client)
            .AddCallCredentials((context, metadata) =>
            {
                metadata.Add("x-token", $"{context.MethodName}");
                return Task.CompletedTask;
            });
        await using var provider = services.BuildServiceProvider();
        await using var scope = provider.CreateAsyncScope();
        var client = scope.ServiceProvider.GetRequiredService<Probe.ProbeClient>();

        using var call = client.EchoAsync(AskForHeaders);

        var headers = await call.ResponseHeadersAsync.Within();
        await call.ResponseAsync.Within();
        Assert.Equal(["client", "channel"], headers.GetAll("x-mark").SelectMany(entry => entry.Value.Split(',', StringSplitOptions.TrimEntries)));
        Assert.Equal("Echo", headers.GetValue("x-token"));
        var tooMuch = await Assert.ThrowsAsync<RpcException>(() => client.EchoAsync(new Ask { Text = new string('x', 2_000) }).ResponseAsync).Within();
        Assert.Equal(StatusCode.ResourceExhausted, tooMuch.StatusCode);
    }

    [Fact]
    public async Task Factory_HandlersOfTheHttpClient_AreOnThePath()
    {
        await using var host = await ProbeHost.StartAsync();
        var services = new ServiceCollection();
        using var primary = new SocketsHttpHandler();
        // What service discovery does: a name that means nothing to DNS becomes an address, and the channel must not connect by itself.
        primary.Properties["__GrpcLoadBalancingDisabled"] = true;
        services.AddGrpcClient<Probe.ProbeClient>("named", options => options.Address = new Uri("http://_grpc.probe"))
            .ConfigurePrimaryHttpMessageHandler(() => primary)
            .AddHttpMessageHandler(() => new Redirect(new Uri(host.Address)));
        await using var provider = services.BuildServiceProvider();

        var client = provider.GetRequiredService<GrpcClientFactory>().CreateClient<Probe.ProbeClient>("named");

        Assert.Equal("found", (await client.EchoAsync(new Ask { Text = "found" }).ResponseAsync.Within()).Text);
    }

    [Fact]
    public async Task Factory_CredentialsWithoutTls_AreRefusedUnlessInsistedOn()
    {
        var services = new ServiceCollection();
        services.AddGrpcClient<Probe.ProbeClient>(options => options.Address = new Uri("http://localhost:1")).AddCallCredentials((_, _) => Task.CompletedTask);
        await using var provider = services.BuildServiceProvider();

        Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<Probe.ProbeClient>());
    }

    [Fact]
    public async Task Factory_WithoutAddress_SaysSo()
    {
        var services = new ServiceCollection();
        services.AddGrpcClient<Probe.ProbeClient>();
        await using var provider = services.BuildServiceProvider();

        var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<Probe.ProbeClient>());

        Assert.Contains("Could not resolve the address for gRPC client", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_WithoutTls_AreNotSent()
    {
        await using var host = await ProbeHost.StartAsync();
        var credentials = CallCredentials.FromInterceptor((_, metadata) =>
        {
            metadata.Add("x-token", "secret");
            return Task.CompletedTask;
        });

        using var call = host.Client().EchoAsync(AskForHeaders, new CallOptions(credentials: credentials));

        Assert.Null((await call.ResponseHeadersAsync.Within()).GetValue("x-token"));
        await call.ResponseAsync.Within();
    }

    [Fact]
    public async Task HttpClient_GivenToTheChannel_IsUsed()
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new HttpClient();

        using var call = host.Client(options => options.HttpClient = http).Expand(new Ask { Count = 3 });

        Assert.Equal(3, await call.ResponseStream.ReadAllAsync().CountAsync());
    }

    [Theory]
    [InlineData(2, StatusCode.OK)]
    [InlineData(9, StatusCode.Unavailable)]
    public async Task Retry_CodeOfThePolicy_IsTriedAgainUpToTheLimit(int failures, StatusCode expected)
    {
        var attempts = new List<string>();
        await using var host = await ProbeHost.StartAsync(map: app =>
        {
            app.Use((context, next) =>
            {
                attempts.Add(context.Request.Headers["grpc-previous-rpc-attempts"].ToString());
                if (attempts.Count > failures) return next(context);
                context.Response.ContentType = "application/grpc";
                context.Response.Headers["grpc-status"] = "14";
                return Task.CompletedTask;
            });
            app.MapGrpcService<ProbeService>();
        });
        var client = host.Client(options => options.ServiceConfig = new ServiceConfig { MethodConfigs = { Retrying() } });

        using var call = client.EchoAsync(new Ask { Text = "again" });

        if (expected == StatusCode.OK) Assert.Equal("again", (await call.ResponseAsync.Within()).Text);
        else await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync).Within();
        Assert.Equal(expected, call.GetStatus().StatusCode);
        Assert.Equal(["", "1", "2", "3"], attempts.Concat(["3"]).Take(4));
    }

    [Fact]
    public async Task Retry_CodeOutsideThePolicy_IsNotTriedAgain()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = host.Client(options => options.ServiceConfig = new ServiceConfig { MethodConfigs = { Retrying() } });

        await Assert.ThrowsAsync<RpcException>(() => client.EchoAsync(new Ask { Behaviour = "refuse" }).ResponseAsync).Within();

        Assert.Equal(1, host.Log.Received);
    }

    [Fact]
    public async Task Trace_OfTheCaller_ReachesTheServer()
    {
        await using var host = await ProbeHost.StartAsync();
        using var listener = new ActivityListener { ShouldListenTo = source => source.Name == "Microsoft.AspNetCore", Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData };
        ActivitySource.AddActivityListener(listener);
        using var activity = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();

        var seen = await host.Client().EchoAsync(new Ask { Behaviour = "trace" }).ResponseAsync.Within();

        Assert.Equal(activity.TraceId.ToString(), seen.Text);
    }

    private static MethodConfig Retrying() => new()
    {
        Names = { MethodName.Default },
        RetryPolicy = new RetryPolicy
        {
            MaxAttempts = 4,
            InitialBackoff = TimeSpan.FromMilliseconds(5),
            MaxBackoff = TimeSpan.FromMilliseconds(50),
            BackoffMultiplier = 2,
            RetryableStatusCodes = { StatusCode.Unavailable },
        },
    };

    public sealed class Marker(string name) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            var headers = new Metadata();
            foreach (var entry in context.Options.Headers ?? []) headers.Add(entry);
            headers.Add("x-mark", name);
            return continuation(request, new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithHeaders(headers)));
        }
    }

    private sealed class Redirect(Uri address) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(address, request.RequestUri!.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
