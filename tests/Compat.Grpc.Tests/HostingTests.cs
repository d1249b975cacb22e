using System.Security.Claims;
using System.Text.Encodings.Web;
using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Grpc.AspNetCore.Server;
using global::Grpc.Core;
using global::Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class HostingTests
{
    [Fact]
    public async Task Service_NotRegistered_IsMadeAndDisposedForEachCall()
    {
        await using var host = await ProbeHost.StartAsync(build: builder => builder.Services.AddSingleton<Trail>(), map: app => app.MapGrpcService<DisposableProbe>());
        var client = host.Client();

        await client.EchoAsync(new Ask()).ResponseAsync.Within();
        await client.EchoAsync(new Ask()).ResponseAsync.Within();

        await TimeLimits.EventuallyAsync(() => host.Services.GetRequiredService<Trail>().Steps is ["made", "gone", "made", "gone"]);
    }

    [Fact]
    public async Task Service_RegisteredAsSingleton_IsThatObject()
    {
        var trail = new Trail();
        await using var host = await ProbeHost.StartAsync(build: builder => builder.Services.AddSingleton(trail).AddSingleton<DisposableProbe>(), map: app => app.MapGrpcService<DisposableProbe>());
        var client = host.Client();

        await client.EchoAsync(new Ask()).ResponseAsync.Within();
        await client.EchoAsync(new Ask()).ResponseAsync.Within();

        Assert.Equal(["made"], trail.Steps);
    }

    [Fact]
    public async Task Interceptors_GeneralThenServiceThenHandler_InTheOrderAdded()
    {
        var trail = new Trail();
        await using var host = await ProbeHost.StartAsync(
            options =>
            {
                options.Interceptors.Add<Tracer>("first");
                options.Interceptors.Add<Tracer>("second");
            },
            builder =>
            {
                builder.Services.AddSingleton(trail);
                builder.Services.AddGrpc().AddServiceOptions<ProbeService>(options => options.Interceptors.Add<Tracer>("service"));
            });
        var client = host.Client();

        await client.EchoAsync(new Ask()).ResponseAsync.Within();
        Assert.Equal(["> first", "> second", "> service", "< service", "< second", "< first"], trail.Steps);

        using (var expand = client.Expand(new Ask { Count = 1 })) await foreach (var _ in expand.ResponseStream.ReadAllAsync()) { }
        using (var collect = client.Collect())
        {
            await collect.RequestStream.CompleteAsync();
            await collect.ResponseAsync.Within();
        }

        using (var chat = client.Chat())
        {
            await chat.RequestStream.CompleteAsync();
            Assert.False(await chat.ResponseStream.MoveNext(CancellationToken.None).Within());
        }

        Assert.Equal(4 * 6, trail.Steps.Count);
    }

    [Fact]
    public async Task Interceptor_RegisteredInTheContainer_IsTakenFromThere()
    {
        var interceptor = new Refuser();
        await using var host = await ProbeHost.StartAsync(options => options.Interceptors.Add<Refuser>(), builder => builder.Services.AddSingleton(interceptor));

        var refused = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask()).ResponseAsync).Within();

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Equal(1, interceptor.Calls);
        Assert.Equal(0, host.Log.Received);
    }

    [Fact]
    public async Task ServiceOptions_OfOneService_OverrideTheGeneralOnes()
    {
        await using var host = await ProbeHost.StartAsync(
            options => options.EnableDetailedErrors = true,
            builder => builder.Services.AddGrpc().AddServiceOptions<ProbeService>(options => options.EnableDetailedErrors = false));

        var failed = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask { Behaviour = "throw" }).ResponseAsync).Within();

        Assert.Equal("Exception was thrown by handler.", failed.Status.Detail);
    }

    [Fact]
    public async Task RequireAuthorization_OnAService_GuardsItsMethods()
    {
        await using var host = await ProbeHost.StartAsync(
            build: builder =>
            {
                builder.Services.AddAuthentication("token").AddScheme<AuthenticationSchemeOptions, TokenHandler>("token", _ => { });
                builder.Services.AddAuthorization(options => options.AddPolicy("admin", policy => policy.RequireRole("admin")));
            },
            map: app =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapGrpcService<ProbeService>().RequireAuthorization("admin");
            });
        var client = host.Client();

        Assert.Equal(StatusCode.Unauthenticated, await StatusOfAsync(client, null));
        Assert.Equal(StatusCode.PermissionDenied, await StatusOfAsync(client, "guest"));
        Assert.Equal(StatusCode.OK, await StatusOfAsync(client, "admin"));
    }

    [Fact]
    public async Task Endpoint_OfAMethod_CarriesItsMetadata()
    {
        await using var host = await ProbeHost.StartAsync(map: app => app.MapGrpcService<ProbeService>().WithMetadata(new Trail()));

        var endpoint = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.Single(endpoint => endpoint.DisplayName == "gRPC - /qmtl.probe.v1.Probe/Echo");

        Assert.Equal("Echo", endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Name);
        Assert.Equal(typeof(ProbeService), endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType);
        Assert.NotNull(endpoint.Metadata.GetMetadata<Trail>());
    }

    [Fact]
    public async Task OtherEndpoints_BesideAService_AreNotShadowed()
    {
        await using var host = await ProbeHost.StartAsync(map: app =>
        {
            app.MapGrpcService<ProbeService>();
            app.MapPost("/{first}/{second}", (string first, string second) => $"{first} {second}");
        });
        using var raw = new RawCall(host.Address);

        var (response, body) = await raw.PostAsync("/a/b", [], "application/json").Within();

        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal("a b"u8.ToArray(), body);
    }

    private static async Task<StatusCode> StatusOfAsync(Probe.ProbeClient client, string? role)
    {
        using var call = client.EchoAsync(new Ask(), role is null ? null : new Metadata { { "authorization", role } });
        try
        {
            await call.ResponseAsync.Within();
        }
        catch (RpcException refused)
        {
            return refused.StatusCode;
        }

        return call.GetStatus().StatusCode;
    }

    public sealed class Trail
    {
        private readonly List<string> _steps = [];

        public IReadOnlyList<string> Steps
        {
            get
            {
                lock (_steps) return [.. _steps];
            }
        }

        public void Add(string step)
        {
            lock (_steps) _steps.Add(step);
        }
    }

    public sealed class DisposableProbe : Probe.ProbeBase, IDisposable
    {
        private readonly Trail _trail;

        public DisposableProbe(Trail trail)
        {
            _trail = trail;
            trail.Add("made");
        }

        public override Task<Answer> Echo(Ask request, ServerCallContext context) => Task.FromResult(new Answer());

        public void Dispose() => _trail.Add("gone");
    }

    public sealed class Tracer(Trail trail, string name) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(() => continuation(request, context));

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(() => continuation(requestStream, context));

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(async () =>
            {
                await continuation(request, responseStream, context);
                return true;
            });

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
            AroundAsync(async () =>
            {
                await continuation(requestStream, responseStream, context);
                return true;
            });

        private async Task<T> AroundAsync<T>(Func<Task<T>> inner)
        {
            trail.Add($"> {name}");
            var result = await inner();
            trail.Add($"< {name}");
            return result;
        }
    }

    public sealed class Refuser : Interceptor
    {
        public int Calls { get; private set; }

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Calls++;
            throw new RpcException(new Status(StatusCode.PermissionDenied, "no"));
        }
    }

    private sealed class TokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers.Authorization.ToString() is not { Length: > 0 } role) return Task.FromResult(AuthenticateResult.NoResult());
            var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, role)], Scheme.Name));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name)));
        }
    }
}
