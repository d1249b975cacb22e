using System.Net;
using Compat.Grpc.Tests.Protos;
using global::Grpc.AspNetCore.Server;
using global::Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Compat.Grpc.Tests.Hosting;

/// <summary>A real Kestrel that serves the probe on a free port of the loopback interface.</summary>
public sealed class ProbeHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<GrpcChannel> _channels = [];

    private ProbeHost(WebApplication app, string address, ProbeLog log)
    {
        _app = app;
        Address = address;
        Log = log;
    }

    public string Address { get; }

    public ProbeLog Log { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ProbeHost> StartAsync(
        Action<GrpcServiceOptions>? options = null,
        Action<WebApplicationBuilder>? build = null,
        Action<WebApplication>? map = null,
        HttpProtocols protocols = HttpProtocols.Http2)
    {
        var log = new ProbeLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        builder.Services.AddSingleton(log);
        builder.Services.AddGrpc(options ?? (_ => { }));
        build?.Invoke(builder);
        var app = builder.Build();
        if (map is null) app.MapGrpcService<ProbeService>();
        else map(app);
        await app.StartAsync();
        return new ProbeHost(app, app.Urls.Single(), log);
    }

    public GrpcChannel Channel(Action<GrpcChannelOptions>? configure = null)
    {
        var options = new GrpcChannelOptions();
        configure?.Invoke(options);
        var channel = GrpcChannel.ForAddress(Address, options);
        _channels.Add(channel);
        return channel;
    }

    public Probe.ProbeClient Client(Action<GrpcChannelOptions>? configure = null) => new(Channel(configure));

    public async ValueTask DisposeAsync()
    {
        Log.Release.TrySetResult();
        foreach (var channel in _channels) channel.Dispose();
        await _app.DisposeAsync();
    }
}
