using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qmtl.Storage.Sqlite;

/// <summary>The one writer of a SQLite file. Units of work that wait together commit together.</summary>
/// <remarks>
/// A durable commit costs a wait for the disk, whatever it carries. Each unit of work runs in a savepoint, so that one that fails takes nothing with it;
/// then one commit makes all of them durable, and only after it anyone is told. A lone writer notices nothing; under load the wait is shared.
/// </remarks>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int Capacity = 10_000;

    // A group that takes longer keeps its first units waiting for strangers' work rather than for the disk.
    private static readonly TimeSpan LongestGroup = TimeSpan.FromMilliseconds(10);

    private readonly Channel<Job> _queue = Channel.CreateBounded<Job>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly SqliteConnection _connection;
    private readonly int _groupSize;
    private readonly TimeProvider _clock;
    private readonly StorageTelemetry _telemetry;
    private readonly Task _loop;

    public SqliteWriter(SqliteConnection connection, int groupSize, TimeProvider clock, StorageTelemetry telemetry)
    {
        _connection = connection;
        _groupSize = groupSize;
        _clock = clock;
        _telemetry = telemetry;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Completes when the work is durable; fails when it failed, and then nothing of it is left.</summary>
    public async Task RunAsync(Func<SqliteConnection, Task> work, CancellationToken cancellationToken)
    {
        var job = new Job(work, ExecutionContext.Capture(), cancellationToken);
        try
        {
            await _queue.Writer.WriteAsync(job, cancellationToken);
        }
        catch (ChannelClosedException error)
        {
            throw new ObjectDisposedException("The database is closed.", error);
        }
        await job.Done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        await _connection.DisposeAsync();
    }

    private async Task RunAsync()
    {
        var again = new Queue<Job>();
        while (again.Count > 0 || await _queue.Reader.WaitToReadAsync())
        {
            var done = new List<Job>();
            try
            {
                await RunGroupAsync(again, done);
            }
            catch (Exception error)
            {
                RollBack();
                var failure = error is SqliteException refusal ? SqliteErrors.Translate(refusal) : error;
                foreach (var job in done) job.Done.TrySetException(failure);
            }
        }
    }

    private async Task RunGroupAsync(Queue<Job> again, List<Job> done)
    {
        if (!Next(again, out var job)) return;
        done.Add(job);
        Execute("BEGIN IMMEDIATE");
        done.Clear();
        var started = _clock.GetTimestamp();
        do
        {
            if (await RunJobAsync(job))
            {
                done.Add(job);
            }
            else if (InTransaction is false)
            {
                // Some errors (disk full, I/O) make SQLite drop the whole transaction: the others of the group run again in the next one.
                foreach (var other in done) again.Enqueue(other);
                done.Clear();
                return;
            }
        }
        while (done.Count < _groupSize && _clock.GetElapsedTime(started) < LongestGroup && Next(again, out job));
        Execute("COMMIT");
        _telemetry.Committed(done.Count);
        foreach (var each in done) each.Done.TrySetResult();
    }

    private bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    private bool Next(Queue<Job> again, out Job job) => again.TryDequeue(out job!) || _queue.Reader.TryRead(out job!);

    private async Task<bool> RunJobAsync(Job job)
    {
        if (job.CancellationToken.IsCancellationRequested)
        {
            job.Done.TrySetCanceled(job.CancellationToken);
            return false;
        }
        try
        {
            Execute("SAVEPOINT unit");
            await job.RunAsync(_connection);
            Execute("RELEASE unit");
            return true;
        }
        catch (Exception error)
        {
            if (InTransaction) Execute("ROLLBACK TO unit; RELEASE unit");
            job.Done.TrySetException(error is SqliteException refusal ? SqliteErrors.Translate(refusal) : error);
            return false;
        }
    }

    private void RollBack()
    {
        if (InTransaction) Execute("ROLLBACK");
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed record Job(Func<SqliteConnection, Task> Work, ExecutionContext? Context, CancellationToken CancellationToken)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Runs under the context of who asked, so that traces and scopes are theirs and not the writer's.</summary>
        public Task RunAsync(SqliteConnection connection)
        {
            if (Context is null) return Work(connection);
            var running = Task.CompletedTask;
            ExecutionContext.Run(Context, _ => running = Work(connection), null);
            return running;
        }
    }
}
