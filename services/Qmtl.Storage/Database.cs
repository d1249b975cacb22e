using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Qmtl.Storage.Outbox;

namespace Qmtl.Storage;

/// <summary>What both databases share: retries, the rule against nesting, telemetry.</summary>
internal abstract partial class Database : IDatabase, IAsyncDisposable
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMilliseconds(200);

    private readonly AsyncLocal<Scope?> _inside = new();
    private readonly ILogger _logger;

    protected Database(Dialect dialect, StorageOptions options, IOutbox? outbox, TimeProvider clock, ILogger logger)
    {
        if (options.Problem() is { } problem) throw new ArgumentException(problem, nameof(options));
        StorageTypes.Register();
        Dialect = dialect;
        Options = options;
        Outbox = outbox;
        Clock = clock;
        Telemetry = new StorageTelemetry(dialect);
        _logger = logger;
    }

    public Dialect Dialect { get; }

    protected StorageOptions Options { get; }

    protected virtual int WriteAttempts => Options.WriteAttempts;

    protected IOutbox? Outbox { get; }

    protected TimeProvider Clock { get; }

    protected StorageTelemetry Telemetry { get; }

    public abstract Task<T> ReadAsync<T>(Func<ISession, Task<T>> read, CancellationToken cancellationToken = default);

    public async Task<T> WriteAsync<T>(Func<IUnitOfWork, Task<T>> work, CancellationToken cancellationToken = default)
    {
        if (_inside.Value is { Open: true }) throw new InvalidOperationException("A unit of work cannot start another one: use the one it is in.");
        using var activity = StorageTelemetry.StartWrite();
        var started = Clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var result = await WriteOnceAsync(work, cancellationToken);
                Telemetry.Written(Clock.GetElapsedTime(started));
                return result;
            }
            catch (StorageException error) when (error.Failure == StorageFailure.Contention && attempt < WriteAttempts)
            {
                Telemetry.Retried(error.Failure);
                Log.Retrying(_logger, attempt, error.Message);
                await Task.Delay(Backoff(attempt), Clock, cancellationToken);
            }
            catch (StorageException error)
            {
                Telemetry.Failed(error.Failure);
                activity?.SetStatus(ActivityStatusCode.Error, error.Message);
                throw;
            }
        }
    }

    public virtual ValueTask DisposeAsync()
    {
        Telemetry.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs the work once, in a transaction of its own.</summary>
    protected abstract Task<T> WriteOnceAsync<T>(Func<IUnitOfWork, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Runs the work and writes what it collected: everything but begin and commit.</summary>
    protected async Task<T> RunAsync<T>(UnitOfWork unit, Func<IUnitOfWork, Task<T>> work)
    {
        var scope = new Scope { Open = true };
        _inside.Value = scope;
        try
        {
            var result = await work(unit);
            await unit.FlushAsync();
            return result;
        }
        finally
        {
            // Tasks that the work left running inherited the scope; they may write again, now that it is closed.
            scope.Open = false;
        }
    }

    /// <summary>Runs what follows a commit. The commit stands, whatever happens here.</summary>
    protected void Committed(UnitOfWork unit)
    {
        try
        {
            unit.Committed();
        }
        catch (Exception error)
        {
            Log.AfterCommitFailed(_logger, error);
        }
    }

    // Half fixed, half random: losers of one race do not meet again in the next.
    private static TimeSpan Backoff(int attempt)
    {
        var longest = Math.Min(LongestBackoff.TotalMilliseconds, FirstBackoff.TotalMilliseconds * Math.Pow(2, attempt));
        return TimeSpan.FromMilliseconds(longest * (0.5 + (0.5 * Random.Shared.NextDouble())));
    }

    private sealed class Scope
    {
        public volatile bool Open;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Unit of work lost a race in attempt {Attempt} and runs again: {Reason}")]
        public static partial void Retrying(ILogger logger, int attempt, string reason);

        [LoggerMessage(2, LogLevel.Error, "An action after a commit failed; the commit stands")]
        public static partial void AfterCommitFailed(ILogger logger, Exception error);
    }
}
