using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qmtl.Storage.Sqlite;

/// <summary>The one writer of a SQLite file. Units of work that wait together commit together.</summary>
/// <remarks>
/// A durable commit costs a wait for the disk, whatever it carries. Each unit of work runs in a savepoint, so that one that fails takes nothing with it;
/// then one commit makes all of them durable, and only after it anyone is told: also who failed, because the reason may be a row of a neighbour that
/// nobody else can read before. A lone writer notices nothing; under load the wait is shared.
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
            var group = new Group();
            try
            {
                await RunGroupAsync(again, group);
            }
            catch (Exception error)
            {
                RollBack();
                group.Fail(error is SqliteException refusal ? SqliteErrors.Translate(refusal) : error, again);
            }
        }
    }

    private async Task RunGroupAsync(Queue<Job> again, Group group)
    {
        if (!Next(again, out var job)) return;
        group.Add(job, problem: null);
        Execute("BEGIN IMMEDIATE");
        group.Clear();
        var started = _clock.GetTimestamp();
        do
        {
            if (job.TellIfCanceled()) continue;
            var problem = await RunJobAsync(job);
            if (problem is not null && !InTransaction)
            {
                // Some errors (disk full, I/O) make SQLite drop the whole transaction: the others of the group run again in the next one.
                job.Done.TrySetException(problem);
                group.RunAgain(again);
                return;
            }
            group.Add(job, problem);
        }
        while (group.Count < _groupSize && _clock.GetElapsedTime(started) < LongestGroup && Next(again, out job));
        Execute("COMMIT");
        _telemetry.Committed(group.Succeeded);
        group.Tell();
    }

    private bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    private bool Next(Queue<Job> again, out Job job) => again.TryDequeue(out job!) || _queue.Reader.TryRead(out job!);

    /// <summary>Null, or why nothing of the job is left.</summary>
    private async Task<Exception?> RunJobAsync(Job job)
    {
        try
        {
            Execute("SAVEPOINT unit");
            await job.RunAsync(_connection);
            Execute("RELEASE unit");
            return null;
        }
        catch (Exception error)
        {
            if (InTransaction) Execute("ROLLBACK TO unit; RELEASE unit");
            return error is SqliteException refusal ? SqliteErrors.Translate(refusal) : error;
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

        /// <summary>True, and told, when who asked has given up before the work started.</summary>
        public bool TellIfCanceled()
        {
            if (!CancellationToken.IsCancellationRequested) return false;
            Done.TrySetCanceled(CancellationToken);
            return true;
        }

        /// <summary>Runs under the context of who asked, so that traces and scopes are theirs and not the writer's.</summary>
        public Task RunAsync(SqliteConnection connection)
        {
            if (Context is null) return Work(connection);
            var running = Task.CompletedTask;
            ExecutionContext.Run(Context, _ => running = Work(connection), null);
            return running;
        }
    }

    /// <summary>Jobs that share a commit, each with what to tell once it is made.</summary>
    private sealed class Group
    {
        private readonly List<(Job Job, Exception? Problem)> _jobs = [];

        public int Count => _jobs.Count;

        public int Succeeded => _jobs.Count(each => each.Problem is null);

        public void Add(Job job, Exception? problem) => _jobs.Add((job, problem));

        public void Clear() => _jobs.Clear();

        public void Tell()
        {
            foreach (var (job, problem) in _jobs)
            {
                if (problem is null) job.Done.TrySetResult();
                else job.Done.TrySetException(problem);
            }
        }

        /// <summary>The commit failed. Who had failed before may have lost to a row that is gone now, and runs again.</summary>
        public void Fail(Exception failure, Queue<Job> again)
        {
            var alone = Succeeded == 0;
            foreach (var (job, problem) in _jobs)
            {
                if (problem is null) job.Done.TrySetException(failure);
                else if (alone) job.Done.TrySetException(problem);
                else again.Enqueue(job);
            }
        }

        public void RunAgain(Queue<Job> again)
        {
            foreach (var (job, _) in _jobs) again.Enqueue(job);
        }
    }
}
