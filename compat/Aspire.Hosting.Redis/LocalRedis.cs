using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Redis;

/// <summary>Runs the Redis installed on this machine.</summary>
internal sealed class LocalRedis(RedisResource redis) : ILocalServer
{
    public async Task<ProcessPlan> PrepareAsync(LocalServerContext context, CancellationToken cancellationToken)
    {
        var program = Programs.Find("redis-server") ?? throw new DistributedApplicationException(
            "the Redis server is not installed here ('redis-server' is not on PATH): install it (Debian: apt-get install redis-server), " +
            "or give the connection string of a server that runs elsewhere");
        Directory.CreateDirectory(context.Folder);

        // In a file that others cannot read: everybody can read command lines, and the password is one of the settings.
        var file = Path.Combine(context.Folder, "redis.conf");
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var writer = new StreamWriter(file, options);
        await using (writer.ConfigureAwait(false)) await writer.WriteAsync(Settings(context.Folder).AsMemory(), cancellationToken).ConfigureAwait(false);
        return new ProcessPlan(program, [file], context.Folder);
    }

    private string Settings(string folder)
    {
        var save = redis.TryGetLastAnnotation<PersistenceAnnotation>(out var persistence)
            ? string.Create(CultureInfo.InvariantCulture, $"{persistence.Seconds} {persistence.KeysChangedThreshold}")
            : "\"\"";
        var settings = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"port {redis.PrimaryEndpoint.Port}")
            .AppendLine("bind 127.0.0.1 -::1")
            .AppendLine(CultureInfo.InvariantCulture, $"dir \"{folder}\"")
            .AppendLine(CultureInfo.InvariantCulture, $"save {save}");
        if (redis.PasswordParameter is { } password) settings.AppendLine(CultureInfo.InvariantCulture, $"requirepass \"{password.Value}\"");
        return settings.ToString();
    }
}

/// <summary>Pings a Redis server.</summary>
internal sealed class RedisHealthCheck(RedisResource redis) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(redis.PrimaryEndpoint.Host, redis.PrimaryEndpoint.Port, patience.Token).ConfigureAwait(false);
            var login = redis.PasswordParameter is { } password ? Command("AUTH", password.Value) : "";
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(login + Command("PING")), patience.Token).ConfigureAwait(false);
            using var reader = new StreamReader(client.GetStream());
            var answer = login.Length == 0 ? "+OK" : await reader.ReadLineAsync(patience.Token).ConfigureAwait(false);
            if (answer == "+OK") answer = await reader.ReadLineAsync(patience.Token).ConfigureAwait(false);
            return answer == "+PONG" ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"Redis answered: {answer}");
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            return HealthCheckResult.Unhealthy(fault.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"Redis did not answer within {Patience.TotalSeconds} s");
        }
    }

    private static string Command(params string[] words) =>
        string.Create(CultureInfo.InvariantCulture, $"*{words.Length}\r\n") +
        string.Concat(words.Select(word => string.Create(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n")));
}
