using Qmtl.Identity;

namespace Qmtl.Storage.Audit;

/// <summary>What someone did.</summary>
/// <param name="Actor">Who: a user, a service or a schedule. Not empty.</param>
/// <param name="Event">What, such as <c>policy_uploaded</c>. Not empty.</param>
public sealed record AuditEntry(string Actor, string Event)
{
    /// <summary>The world it concerns; null for what concerns none. Each world has a chain of its own.</summary>
    public string? WorldId { get; init; }

    /// <summary>The stage of a longer operation, such as <c>freeze</c>.</summary>
    public string? Stage { get; init; }

    /// <summary>Ties together what one request caused.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>What was asked, as JSON.</summary>
    public string? Request { get; init; }

    /// <summary>What came of it, as JSON.</summary>
    public string? Result { get; init; }
}

/// <summary>An entry as it stands in its chain.</summary>
public sealed record AuditRecord
{
    /// <summary>Place in the chain of its world, from 1, without gaps.</summary>
    public required long Sequence { get; init; }

    /// <summary>When the transaction that carries it took place, in nanoseconds since 1970-01-01 UTC.</summary>
    public required long AtNanoseconds { get; init; }

    /// <summary>When the transaction that carries it took place.</summary>
    public DateTimeOffset At => UnixTime.FromNanoseconds(AtNanoseconds);

    /// <summary>What someone did.</summary>
    public required AuditEntry Entry { get; init; }

    /// <summary>The hash before it, in hex.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>SHA-256 of this record and of the hash before it, in hex.</summary>
    public required string Hash { get; init; }

    /// <summary>Names the record: <c>world:sequence</c>.</summary>
    public string Id => FormattableString.Invariant($"{Entry.WorldId}:{Sequence}");
}

/// <summary>Which entries to read.</summary>
public sealed record AuditQuery
{
    /// <summary>The most entries of one page.</summary>
    public const int MaxLimit = 1000;

    /// <summary>The world, or null for what concerns none.</summary>
    public string? WorldId { get; init; }

    /// <summary>Only this event.</summary>
    public string? Event { get; init; }

    /// <summary>Only this correlation id.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Oldest first, as a replay wants it. Else newest first.</summary>
    public bool Ascending { get; init; }

    /// <summary>Continue behind this sequence, in the direction of reading. Null starts at the end (or the beginning).</summary>
    public long? Cursor { get; init; }

    /// <summary>Entries of a page, 1 to 1,000.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>One page.</summary>
/// <param name="Records">The entries.</param>
/// <param name="NextCursor">The cursor of the next page, or null when this was the last.</param>
public sealed record AuditPage(IReadOnlyList<AuditRecord> Records, long? NextCursor);

/// <summary>Whether a chain is whole.</summary>
/// <param name="Entries">How many entries were checked.</param>
/// <param name="BrokenAt">The first sequence that does not fit, or null when all do.</param>
/// <param name="Reason">What does not fit there.</param>
/// <param name="HeadHash">The hash of the last good entry. Kept elsewhere, it also proves that nobody cut the end off.</param>
public sealed record AuditVerdict(long Entries, long? BrokenAt, string? Reason, string HeadHash)
{
    /// <summary>Whether every entry fits.</summary>
    public bool Intact => BrokenAt is null;
}

/// <summary>Reads the audit.</summary>
public interface IAuditLog
{
    /// <summary>A page of entries.</summary>
    Task<AuditPage> QueryAsync(AuditQuery query, CancellationToken cancellationToken = default);

    /// <summary>Recomputes the chain of a world (null: of what concerns none).</summary>
    /// <param name="worldId">Whose chain.</param>
    /// <param name="anchor">A place that was noted before: the chain must still hold it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<AuditVerdict> VerifyAsync(string? worldId, AuditAnchor? anchor = null, CancellationToken cancellationToken = default);

    /// <summary>Every world that has a chain, by id; null first, for what concerns none, if that has one.</summary>
    Task<IReadOnlyList<string?>> ChainsAsync(CancellationToken cancellationToken = default);
}
