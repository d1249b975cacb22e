using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Qmtl.Testing;
using StackExchange.Redis;

namespace Compat.Clients.Tests;

public sealed class StorageClientTests
{
    [RequiresFact(Needs.Postgres)]
    public async Task Npgsql_ConnectionString_OpensAndIsHealthy()
    {
        var builder = Builder(new() { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync().Within(60) });
        builder.AddNpgsqlDataSource("qmtl", configureDataSourceBuilder: source => source.ConnectionStringBuilder.ApplicationName = "compat");
        using var host = builder.Build();

        await using var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT current_setting('application_name')");
        Assert.Equal("compat", await command.ExecuteScalarAsync().Within(20));
        await using var connection = host.Services.GetRequiredService<NpgsqlConnection>();
        await connection.OpenAsync().Within(20);
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host))["PostgreSql"].Status);
    }

    [RequiresFact(Needs.Postgres)]
    public async Task Npgsql_Keyed_HasItsOwnSourceAndCheck()
    {
        var builder = Builder(new() { ["ConnectionStrings:audit"] = await PostgresServer.CreateSharedDatabaseAsync().Within(60) });
        builder.AddKeyedNpgsqlDataSource("audit");
        using var host = builder.Build();

        await using var command = host.Services.GetRequiredKeyedService<NpgsqlDataSource>("audit").CreateCommand("SELECT 1");
        Assert.Equal(1, await command.ExecuteScalarAsync().Within(20));
        Assert.Null(host.Services.GetService<NpgsqlDataSource>());
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host))["PostgreSql_audit"].Status);
    }

    [Fact]
    public async Task Npgsql_NobodyThere_IsUnhealthy()
    {
        var builder = Builder(new() { ["ConnectionStrings:qmtl"] = $"Host=127.0.0.1;Port={Ports.Unused()};Timeout=2;Username=x" });
        builder.AddNpgsqlDataSource("qmtl");
        using var host = builder.Build();

        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(host))["PostgreSql"].Status);
    }

    [Fact]
    public void Npgsql_NoConnectionString_NamesTheKeys()
    {
        var builder = Builder([]);
        builder.AddNpgsqlDataSource("qmtl");
        using var host = builder.Build();

        var error = Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<NpgsqlDataSource>);

        Assert.Contains("ConnectionStrings:qmtl", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Npgsql_Settings_ComeFromSectionThenNameThenCode()
    {
        var builder = Builder(new()
        {
            ["Aspire:Npgsql:ConnectionString"] = "Host=general",
            ["Aspire:Npgsql:qmtl:ConnectionString"] = "Host=named",
            ["Aspire:Npgsql:DisableHealthChecks"] = "true",
        });
        string? seen = null;

        builder.AddNpgsqlDataSource("qmtl", settings =>
        {
            seen = settings.ConnectionString;
            Assert.True(settings.DisableHealthChecks);
        });

        Assert.Equal("Host=named", seen);
        using var host = builder.Build();
        Assert.Null(host.Services.GetService<HealthCheckService>());
    }

    [RequiresFact(Needs.Redis)]
    public async Task Redis_ConnectionString_ConnectsAndIsHealthy()
    {
        await using var server = await RedisServer.StartAsync().Within(60);
        var builder = Builder(new() { ["ConnectionStrings:redis"] = server.ConnectionString });
        builder.AddRedisClient("redis");
        builder.AddKeyedRedisClient("second", settings => settings.ConnectionString = server.ConnectionString);
        using var host = builder.Build();

        var first = host.Services.GetRequiredService<IConnectionMultiplexer>();
        await first.GetDatabase().StringSetAsync("compat", "yes").Within(10);
        Assert.Equal("yes", (string?)await host.Services.GetRequiredKeyedService<IConnectionMultiplexer>("second").GetDatabase().StringGetAsync("compat").Within(10));
        var checks = await CheckAsync(host);
        Assert.Equal(HealthStatus.Healthy, checks["StackExchange.Redis"].Status);
        Assert.Equal(HealthStatus.Healthy, checks["StackExchange.Redis_second"].Status);
    }

    [Fact]
    public async Task Redis_NobodyThere_ComesUpUnhealthyInsteadOfThrowing()
    {
        var builder = Builder(new() { ["ConnectionStrings:redis"] = $"127.0.0.1:{Ports.Unused()},connectTimeout=500,syncTimeout=500" });
        builder.AddRedisClient("redis");
        using var host = builder.Build();

        Assert.False(host.Services.GetRequiredService<IConnectionMultiplexer>().IsConnected);
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(host))["StackExchange.Redis"].Status);
    }

    [Fact]
    public void Redis_NoConnectionString_NamesTheKeys()
    {
        var builder = Builder([]);
        builder.AddRedisClient("redis");
        using var host = builder.Build();

        var error = Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<IConnectionMultiplexer>);

        Assert.Contains("ConnectionStrings:redis", error.Message, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyDictionary<string, HealthReportEntry>> CheckAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync().Within(30)).Entries;

    private static HostApplicationBuilder Builder(Dictionary<string, string?> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        return builder;
    }
}
