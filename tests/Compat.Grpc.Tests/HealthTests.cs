using Compat.Grpc.Tests.Hosting;
using global::Grpc.Core;
using global::Grpc.Health.V1;
using global::Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Qmtl.Testing;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Compat.Grpc.Tests;

public sealed class HealthTests
{
    [Fact]
    public async Task Check_OfAService_RunsItsOwnChecks()
    {
        var database = HealthStatus.Healthy;
        await using var host = await StartAsync(() => database);
        var client = new Health.HealthClient(host.Channel());

        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest()).ResponseAsync.Within()).Status);
        database = HealthStatus.Unhealthy;
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest()).ResponseAsync.Within()).Status);
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest { Service = "needs-database" }).ResponseAsync.Within()).Status);
        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest { Service = "needs-nothing" }).ResponseAsync.Within()).Status);
    }

    [Fact]
    public async Task Check_OfAnUnknownService_IsNotFound()
    {
        await using var host = await StartAsync(() => HealthStatus.Healthy);

        var refused = await Assert.ThrowsAsync<RpcException>(() => new Health.HealthClient(host.Channel()).CheckAsync(new HealthCheckRequest { Service = "other" }).ResponseAsync).Within();

        Assert.Equal(StatusCode.NotFound, refused.StatusCode);
    }

    [Fact]
    public async Task Watch_StatusChanges_TellsAtOnceAndThenEachChange()
    {
        var database = HealthStatus.Healthy;
        await using var host = await StartAsync(() => database);
        using var call = new Health.HealthClient(host.Channel()).Watch(new HealthCheckRequest());

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        Assert.Equal(ServingStatus.Serving, call.ResponseStream.Current.Status);
        database = HealthStatus.Unhealthy;
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        Assert.Equal(ServingStatus.NotServing, call.ResponseStream.Current.Status);
    }

    [Fact]
    public async Task HealthServiceImpl_StatusSetByTheApplication_IsAnsweredAndWatched()
    {
        var health = new HealthServiceImpl();
        health.SetStatus("probe", ServingStatus.Serving);
        await using var host = await ProbeHost.StartAsync(build: builder => builder.Services.AddSingleton(health), map: app => app.MapGrpcService<HealthServiceImpl>());
        var client = new Health.HealthClient(host.Channel());
        using var watch = client.Watch(new HealthCheckRequest { Service = "probe" });

        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest { Service = "probe" }).ResponseAsync.Within()).Status);
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).Within());
        health.ClearStatus("probe");
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).Within());
        Assert.Equal(ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
    }

    private static Task<ProbeHost> StartAsync(Func<HealthStatus> database) => ProbeHost.StartAsync(
        build: builder =>
        {
            builder.Services.AddGrpcHealthChecks(options =>
                {
                    options.Services.Map("needs-database", check => check.Tags.Contains("database"));
                    options.Services.Map("needs-nothing", check => check.Name == "self");
                })
                .AddCheck("self", () => HealthCheckResult.Healthy())
                .AddCheck("database", () => new HealthCheckResult(database()), ["database"]);
            builder.Services.Configure<HealthCheckPublisherOptions>(options =>
            {
                options.Delay = TimeSpan.Zero;
                options.Period = TimeSpan.FromSeconds(1);
            });
        },
        map: app => app.MapGrpcHealthChecksService());
}
