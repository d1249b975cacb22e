using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Qmtl.Messaging.Sql;

/// <summary>Carries wake-ups between processes by LISTEN and NOTIFY.</summary>
/// <remarks>
/// The notification is sent after the commit and not inside of it: a transaction that notifies takes a lock of the whole server at its commit, and all
/// that notify would queue up there. A process that dies between commit and notification costs its readers one poll interval.
/// </remarks>
internal sealed partial class PostgresNotifications(NpgsqlDataSource source, LogSignal signal, TimeProvider clock, ILogger<PostgresNotifications> logger) : BackgroundService
{
    private const string ChannelName = "qmtl_bus";
    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(1);

    // Bounded and lossy: a name that is waiting already need not wait twice, and readers poll anyway.
    private readonly Channel<string> _outgoing = Channel.CreateBounded<string>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        signal.Carry = Enqueue;
        try
        {
            await Task.WhenAll(KeepAsync(ListenAsync, stoppingToken), KeepAsync(NotifyAsync, stoppingToken));
        }
        finally
        {
            signal.Carry = null;
        }
    }

    private void Enqueue(string name) => _outgoing.Writer.TryWrite(name);

    private async Task KeepAsync(Func<NpgsqlConnection, CancellationToken, Task> run, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(stoppingToken);
                await run(connection, stoppingToken);
            }
            catch (Exception error) when (error is NpgsqlException or IOException or InvalidOperationException)
            {
                Log.Lost(logger, error.Message);
                await Task.Delay(Reconnect, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ListenAsync(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        connection.Notification += (_, notification) => signal.Wake(notification.Payload);
        await using (var listen = new NpgsqlCommand($"LISTEN {ChannelName}", connection)) await listen.ExecuteNonQueryAsync(stoppingToken);
        signal.WakeAll();
        while (true) await connection.WaitAsync(stoppingToken);
    }

    private async Task NotifyAsync(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        await using var notify = new NpgsqlCommand($"SELECT pg_notify('{ChannelName}', name) FROM unnest(@names) AS name", connection);
        var names = notify.Parameters.Add("names", NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text);
        while (await _outgoing.Reader.WaitToReadAsync(stoppingToken))
        {
            var waiting = new HashSet<string>(StringComparer.Ordinal);
            while (_outgoing.Reader.TryRead(out var name)) waiting.Add(name);
            names.Value = waiting.ToArray();
            await notify.ExecuteNonQueryAsync(stoppingToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Notifications between processes are interrupted, readers poll meanwhile: {Reason}")]
        public static partial void Lost(ILogger logger, string reason);
    }
}
