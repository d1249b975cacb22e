using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Testing;

namespace Compat.Clients.Tests;

public sealed class ServiceDiscoveryTests
{
    [Theory]
    [InlineData("http://gateway/worlds?limit=5", "http://127.0.0.1:8000/worlds?limit=5")]
    [InlineData("https+http://gateway/worlds", "http://127.0.0.1:8000/worlds")]
    [InlineData("https+http://secure/x", "https://127.0.0.1:8443/x")]
    [InlineData("http+https://secure/x", "http://127.0.0.1:8080/x")]
    [InlineData("http://_grpc.worldservice/qmtl.v1.WorldService/Decide", "http://127.0.0.1:8001/qmtl.v1.WorldService/Decide")]
    [InlineData("http://based/x", "http://127.0.0.1:8000/api/x")]
    [InlineData("http://plain/x", "http://10.0.0.5:9000/x")]
    [InlineData("http://127.0.0.1:5123/x", "http://127.0.0.1:5123/x")]
    [InlineData("http://nobody/x", "http://nobody/x")]
    [InlineData("https+http://nobody/x", "https://nobody/x")]
    public async Task Send_NamedService_GoesToItsConfiguredAddress(string asked, string sent)
    {
        var server = new FakeServer(HttpStatusCode.OK);
        await using var services = Build(server, new()
        {
            ["services:gateway:http:0"] = "http://127.0.0.1:8000",
            ["services:secure:http:0"] = "http://127.0.0.1:8080",
            ["services:secure:https:0"] = "https://127.0.0.1:8443",
            ["services:worldservice:grpc:0"] = "http://127.0.0.1:8001",
            ["services:based:http"] = "http://127.0.0.1:8000/api",
            ["services:plain:http:0"] = "10.0.0.5:9000",
        });

        using var response = await Client(services).GetAsync(new Uri(asked)).Within(10);

        Assert.Equal(new Uri(sent), Assert.Single(server.Requests));
    }

    [Fact]
    public async Task Send_TwoAddresses_TakesThemInTurn()
    {
        var server = new FakeServer(HttpStatusCode.OK);
        await using var services = Build(server, new()
        {
            ["services:gateway:http:0"] = "http://127.0.0.1:1001",
            ["services:gateway:http:1"] = "http://127.0.0.1:1002",
        });

        for (var i = 0; i < 6; i++) (await Client(services).GetAsync(new Uri("http://gateway/")).Within(10)).Dispose();

        Assert.Equal([3, 3], server.Requests.GroupBy(uri => uri.Port).OrderBy(group => group.Key).Select(group => group.Count()));
    }

    [Fact]
    public async Task Send_ConfigurationReloaded_GoesToTheNewAddress()
    {
        var server = new FakeServer(HttpStatusCode.OK);
        await using var services = Build(server, new() { ["services:gateway:http:0"] = "http://127.0.0.1:1001" });
        (await Client(services).GetAsync(new Uri("http://gateway/")).Within(10)).Dispose();

        var configuration = (IConfigurationRoot)services.GetRequiredService<IConfiguration>();
        configuration["services:gateway:http:0"] = "http://127.0.0.1:1002";
        configuration.Reload();

        await TimeLimits.EventuallyAsync(async () =>
        {
            (await Client(services).GetAsync(new Uri("http://gateway/"))).Dispose();
            return server.Requests.Last().Port == 1002;
        });
    }

    [Fact]
    public async Task Send_RequestSentTwice_KeepsItsOwnAddress()
    {
        var server = new FakeServer(HttpStatusCode.OK);
        await using var services = Build(server, new() { ["services:gateway:http:0"] = "http://127.0.0.1:1001" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://gateway/again");

        (await Client(services).SendAsync(request).Within(10)).Dispose();

        Assert.Equal(new Uri("http://gateway/again"), request.RequestUri);
    }

    [Fact]
    public async Task Send_AddressThatIsNone_NamesServiceAndKey()
    {
        await using var services = Build(new FakeServer(HttpStatusCode.OK), new() { ["services:broken:http:first"] = "http://127.0.0.1:1" });

        var error = await Assert.ThrowsAnyAsync<Exception>(() => Client(services).GetAsync(new Uri("http://broken/")).Within(10));

        Assert.Contains("broken", error.ToString(), StringComparison.Ordinal);
    }

    private static HttpClient Client(IServiceProvider services) => services.GetRequiredService<IHttpClientFactory>().CreateClient("any");

    private static ServiceProvider Build(FakeServer server, Dictionary<string, string?> settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddServiceDiscovery();
        services.AddHttpClient("any").AddServiceDiscovery().ConfigurePrimaryHttpMessageHandler(() => server);
        return services.BuildServiceProvider();
    }
}
