using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.Testing;

namespace Qmtl.ServiceDefaults.Tests;

public sealed class EndpointTests
{
    [Fact]
    public async Task Http_SpeaksHttp1_GrpcSpeaksHttp2WithoutTls()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/protocol", (HttpRequest request) => request.Protocol));

        Assert.Equal("HTTP/1.1", await AskAsync(service.Http, HttpVersion.Version11));
        Assert.Equal("HTTP/2", await AskAsync(service.Grpc, HttpVersion.Version20));
        Assert.Equal(IPAddress.Loopback.ToString(), service.Http.Host);
        Assert.NotEqual(service.Http.Port, service.Grpc.Port);
    }

    [Fact]
    public async Task RequireQmtlEndpoint_OtherEndpoint_DoesNotServeTheRoute()
    {
        await using var service = await TestService.StartAsync(
            endpoints: options => options.AddHttp("dashboard", 0),
            map: app =>
            {
                app.MapGet("/page", (HttpContext context) => context.QmtlEndpoint()).RequireQmtlEndpoint("dashboard");
                app.MapGet("/shared", (HttpContext context) => context.QmtlEndpoint());
            });
        using var client = new HttpClient();
        var dashboard = service.Services.GetRequiredService<QmtlEndpoints>()["dashboard"];

        Assert.Equal("dashboard", await client.GetStringAsync(new Uri(dashboard, "/page")).Within(10));
        Assert.Equal("http", await client.GetStringAsync(new Uri(service.Http, "/shared")).Within(10));
        using var missing = await client.GetAsync(new Uri(service.Http, "/page")).Within(10);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task MaxRequestBodyBytes_LargerBody_Is413()
    {
        await using var service = await TestService.StartAsync(
            new() { ["MaxRequestBodyBytes"] = "1000" },
            map: app => app.MapPost("/take", async (HttpRequest request) =>
            {
                using var reader = new StreamReader(request.Body);
                return (await reader.ReadToEndAsync()).Length;
            }));
        using var client = new HttpClient();

        using var fits = await client.PostAsync(new Uri(service.Http, "/take"), new ByteArrayContent(new byte[1000])).Within(10);
        using var tooLarge = await client.PostAsync(new Uri(service.Http, "/take"), new ByteArrayContent(new byte[1001])).Within(10);

        Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
    }

    [Fact]
    public async Task GrpcPort_Null_HasNoSuchEndpoint()
    {
        await using var service = await TestService.StartAsync(new() { ["GRPC_PORT"] = null }, endpoints: options => options.GrpcPort = null);

        var error = Assert.Throws<KeyNotFoundException>(() => service.Grpc);

        Assert.Contains("there are: http", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP_PORT", "many")]
    [InlineData("GRPC_PORT", "70000")]
    [InlineData("DASHBOARD_PORT", "-1")]
    [InlineData("BindAddress", "somewhere")]
    [InlineData("MaxRequestBodyBytes", "0")]
    public void Configure_ValueThatMakesNoSense_NamesOptionAndValue(string key, string value)
    {
        var error = Assert.Throws<InvalidOperationException>(() => TestService.Build(new() { [key] = value }, endpoints: options => options.AddHttp("dashboard", 0)));

        Assert.Contains($"{key} was '{value}'", error.Message, StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(Uri endpoint, Version version)
    {
        using var client = new HttpClient { DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        return await client.GetStringAsync(new Uri(endpoint, "/protocol")).Within(10);
    }
}
