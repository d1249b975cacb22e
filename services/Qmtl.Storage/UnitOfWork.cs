using System.Data.Common;
using System.Runtime.ExceptionServices;
using Qmtl.Storage.Audit;
using Qmtl.Storage.Outbox;

namespace Qmtl.Storage;

/// <summary>Collects audit entries and messages, and writes them last, in one order for all.</summary>
/// <remarks>
/// Their counters are the hottest rows of the database: locking them only from here to the commit keeps that time short, and locking them in a
/// fixed order keeps transactions from waiting for each other in a circle.
/// </remarks>
internal sealed class UnitOfWork(
    DbConnection connection,
    Dialect dialect,
    Func<DbException, StorageException> translate,
    IOutbox? outbox,
    DateTimeOffset now,
    CancellationToken cancellationToken)
    : Session(connection, dialect, translate, cancellationToken), IUnitOfWork
{
    private readonly List<AuditEntry> _audit = [];
    private readonly List<AppendReceipt> _messages = [];
    private readonly List<Action> _onCommitted = [];
    private Exception? _failure;
    private bool _ended;

    public DateTimeOffset Now => now;

    public Task<int> ExecuteAsync(string sql, object? parameters = null) => RunStatementAsync(sql, parameters);

    /// <summary>Runs a statement once for each row of values; see <see cref="RowBatch"/>.</summary>
    public Task<int> ExecuteEachAsync(string sql, IReadOnlyList<object?[]> rows) => RunEachAsync(sql, rows);

    /// <summary>Runs a statement over columns of values; see <see cref="RowBatch"/>.</summary>
    public Task<int> ExecuteColumnsAsync(string sql, IReadOnlyList<Array> columns) => RunColumnsAsync(sql, columns);

    public Task LockAsync(string scope)
    {
        ArgumentException.ThrowIfNullOrEmpty(scope);
        return Dialect.IsPostgres
            ? ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended(@scope, 0))", new { scope })
            : Task.CompletedTask;
    }

    public ValueTask<AppendReceipt> AppendAsync(BusMessage message)
    {
        BeforeStatement();
        if (outbox is null) throw new InvalidOperationException("There is no log to append to: call AddQmtlMessaging.");
        var receipt = new AppendReceipt(outbox.Prepare(message));
        _messages.Add(receipt);
        return ValueTask.FromResult(receipt);
    }

    public ValueTask AuditAsync(AuditEntry entry)
    {
        BeforeStatement();
        AuditLog.Validate(entry);
        _audit.Add(entry);
        return ValueTask.CompletedTask;
    }

    public void OnCommitted(Action action)
    {
        BeforeStatement();
        _onCommitted.Add(action);
    }

    /// <summary>Writes what was collected; afterwards only the commit is left.</summary>
    public async Task FlushAsync()
    {
        // Work that swallowed the failure of a statement must not commit the rest of itself: Postgres would refuse, so SQLite has to as well.
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        if (_audit.Count > 0) await AuditLog.WriteAsync(this, _audit);
        if (_messages.Count > 0) await outbox!.FlushAsync(this, _messages);
        _ended = true;
    }

    public void Committed()
    {
        foreach (var message in _messages) message.Committed = true;
        foreach (var action in _onCommitted) action();
    }

    protected override void Failed(Exception error) => _failure ??= error;

    protected override void BeforeStatement()
    {
        if (_ended) throw new InvalidOperationException("The unit of work has ended; it cannot be used after the work returned.");
        if (_failure is not null) throw new InvalidOperationException("A statement of this unit of work failed before; it can only end.", _failure);
    }
}
