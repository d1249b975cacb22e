using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.Testing;

namespace Qmtl.ServiceDefaults.Tests;

/// <summary>A service as every one of the stack starts, on free ports.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestService(WebApplication app) => _app = app;

    public IServiceProvider Services => _app.Services;

    public Uri Http => Services.GetRequiredService<QmtlEndpoints>()[QmtlEndpointOptions.Http];

    public Uri Grpc => Services.GetRequiredService<QmtlEndpoints>()[QmtlEndpointOptions.Grpc];

    public static async Task<TestService> StartAsync(
        Dictionary<string, string?>? settings = null,
        Action<WebApplicationBuilder>? add = null,
        Action<WebApplication>? map = null,
        Action<QmtlEndpointOptions>? endpoints = null)
    {
        var app = Build(settings, add, endpoints);
        app.MapDefaultEndpoints();
        map?.Invoke(app);
        await app.StartAsync().Within(20);
        return new TestService(app);
    }

    public static WebApplication Build(Dictionary<string, string?>? settings = null, Action<WebApplicationBuilder>? add = null, Action<QmtlEndpointOptions>? endpoints = null)
    {
        // Production: what containers run as, and where the template would map nothing.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["HTTP_PORT"] = "0", ["GRPC_PORT"] = "0" });
        if (settings is not null) builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints(endpoints);
        add?.Invoke(builder);
        return builder.Build();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
