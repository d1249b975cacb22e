using System.Globalization;
using Npgsql;

namespace Compat.Aspire.Tests.Running;

public sealed class ServerTests
{
    [RequiresFact(Needs.Postgres)]
    public async Task Postgres_Started_HasItsDatabaseAndEndsWithTheApplication()
    {
        await using var app = new TestApplication();
        var database = app.Builder.AddPostgres("pg").AddDatabase("db", "My-db");
        await app.StartAsync();
        await app.HealthyAsync("db");

        var text = await database.Resource.ConnectionStringExpression.GetValueAsync(CancellationToken.None);
        Assert.Equal("My-db", await ScalarAsync(text!, "SELECT current_database()"));
        await app.StopAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ScalarAsync(text!, "SELECT 1"));
        Assert.Contains("database system is shut down", app.Printed, StringComparison.Ordinal);
    }

    [RequiresFact(Needs.Postgres)]
    public async Task Postgres_WithDataVolume_KeepsDataAndTakesANewPassword()
    {
        await using var first = new TestApplication();
        await RunAsync(first, "CREATE TABLE t AS SELECT 42 AS x; SELECT x FROM t");
        await using var second = new TestApplication("--LocalServers:DataFolder", first.DataFolder);
        second.Builder.Configuration["LocalServers:DataFolder"] = first.DataFolder;
        Assert.Equal(42, await RunAsync(second, "SELECT x FROM t"));

        static async Task<object?> RunAsync(TestApplication app, string sql)
        {
            var database = app.Builder.AddPostgres("pg").WithDataVolume().AddDatabase("db");
            await app.StartAsync();
            await app.HealthyAsync("db");
            var result = await ScalarAsync((await database.Resource.ConnectionStringExpression.GetValueAsync(CancellationToken.None))!, sql);
            await app.StopAsync();
            return result;
        }
    }

    [RequiresFact(Needs.Redis)]
    public async Task Redis_Started_IsHealthyAndKeepsItsPasswordOffCommandLines()
    {
        await using var app = new TestApplication();
        var redis = app.Builder.AddRedis("cache").WithPersistence();
        await app.StartAsync();
        await app.HealthyAsync("cache");

        var password = redis.Resource.PasswordParameter!.Value;
        var commandLines = Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _))
            .Select(folder => ReadOrEmpty(Path.Combine(folder, "cmdline"))).ToArray();
        Assert.Contains(commandLines, line => line.Contains("redis-server", StringComparison.Ordinal));
        Assert.DoesNotContain(commandLines, line => line.Contains(password, StringComparison.Ordinal));
        await app.StopAsync();
    }

    [Fact]
    public async Task Kafka_WithoutBroker_SaysWhatToGive()
    {
        await using var app = new TestApplication();
        var kafka = app.Builder.AddKafka("kafka");
        app.AddService("service").WithReference(kafka).WaitFor(kafka);
        await app.StartAsync();

        var service = await app.StateAsync("service", KnownResourceStates.FailedToStart);
        Assert.Contains("ConnectionStrings:kafka", service.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectionString_Missing_FailsTheDependantAndNamesTheKey()
    {
        await using var app = new TestApplication();
        var missing = app.Builder.AddConnectionString("broker");
        app.AddService("service").WithReference(missing).WaitFor(missing);
        await app.StartAsync();

        var service = await app.StateAsync("service", KnownResourceStates.FailedToStart);
        Assert.Contains("ConnectionStrings:broker", service.Reason, StringComparison.Ordinal);
    }

    private static async Task<object?> ScalarAsync(string text, string sql)
    {
        await using var connection = new NpgsqlConnection(text + ";Pooling=false;Timeout=5");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
