using System.Text;
using Qmtl.Identity;

namespace Qmtl.Storage.Audit;

/// <summary>The table <c>audit_log</c>.</summary>
internal sealed class AuditLog(IDatabase database) : IAuditLog
{
    private const int VerifyPage = 1_000;
    private const string Columns = "seq AS Sequence, at AS AtNanoseconds, world_id, actor, event, stage, correlation_id, request, result, prev_hash, hash";

    // In the order in which they are hashed.
    private static readonly string[] Texts = ["world_id", "actor", "event", "stage", "correlation_id", "request", "result"];

    /// <summary>Writes entries with the unit of work that they describe.</summary>
    /// <remarks>The row of the chain's head is locked from here to the commit, so that entries of one world queue up behind each other.</remarks>
    public static async Task WriteAsync(UnitOfWork unit, IReadOnlyList<AuditEntry> entries)
    {
        // One order for all writers: two units of work that write to the same two chains never wait for each other in a circle.
        foreach (var chain in entries.GroupBy(Scope, StringComparer.Ordinal).OrderBy(chain => chain.Key, StringComparer.Ordinal))
        {
            var head = await unit.FirstOrDefaultAsync<HeadRow>(
                "INSERT INTO audit_head (scope, seq, hash) VALUES (@Scope, 0, @Root) ON CONFLICT (scope) DO UPDATE SET seq = audit_head.seq RETURNING seq, hash",
                new { Scope = chain.Key, Root = AuditChain.Root.ToArray() });
            var (sequence, previous) = (head!.Seq, head.Hash);
            var rows = new RowBatch("audit_log (scope, seq, at, world_id, actor, event, stage, correlation_id, request, result, prev_hash, hash)");
            foreach (var entry in chain)
            {
                var hash = Hash(++sequence, unit.Now, entry, previous);
                rows.Add(chain.Key, sequence, unit.Now, entry.WorldId, entry.Actor, entry.Event, entry.Stage, entry.CorrelationId, entry.Request, entry.Result, previous, hash);
                previous = hash;
            }

            await rows.WriteAsync(unit);
            await unit.ExecuteAsync("UPDATE audit_head SET seq = @sequence, hash = @previous WHERE scope = @Scope", new { sequence, previous, Scope = chain.Key });
        }
    }

    public static void Validate(AuditEntry entry)
    {
        if (string.IsNullOrWhiteSpace(entry.Actor)) throw new ArgumentException("Actor was empty; say who did it.", nameof(entry));
        if (string.IsNullOrWhiteSpace(entry.Event)) throw new ArgumentException("Event was empty; say what was done.", nameof(entry));
        if (entry.WorldId is { Length: 0 }) throw new ArgumentException("WorldId was empty; leave it null for what concerns no world.", nameof(entry));
    }

    public async Task<AuditPage> QueryAsync(AuditQuery query, CancellationToken cancellationToken = default)
    {
        if (query.Limit is < 1 or > AuditQuery.MaxLimit) throw new ArgumentOutOfRangeException(nameof(query), query.Limit, $"Limit must be 1 to {AuditQuery.MaxLimit}.");
        var (comparison, direction, start) = query.Ascending ? (">", "ASC", 0L) : ("<", "DESC", long.MaxValue);
        var rows = await database.QueryAsync<Row>(
            $"""
            SELECT {Columns} FROM audit_log WHERE scope = @Scope AND seq {comparison} @Cursor
            {(query.Event is null ? "" : "AND event = @Event")} {(query.CorrelationId is null ? "" : "AND correlation_id = @CorrelationId")}
            ORDER BY seq {direction} LIMIT @Take
            """,
            new { Scope = query.WorldId ?? "", Cursor = query.Cursor ?? start, query.Event, query.CorrelationId, Take = query.Limit + 1 },
            cancellationToken);
        var records = rows.Take(query.Limit).Select(row => row.ToRecord()).ToArray();
        return new AuditPage(records, rows.Count > query.Limit ? records[^1].Sequence : null);
    }

    public Task<AuditVerdict> VerifyAsync(string? worldId, AuditAnchor? anchor = null, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => VerifyAsync(session, worldId ?? "", anchor, cancellationToken), cancellationToken);

    public async Task<IReadOnlyList<string?>> ChainsAsync(CancellationToken cancellationToken = default)
    {
        // From both tables: a chain without a head, or a head without a chain, is just what a check must not pass over.
        var scopes = await database.QueryAsync<string>("SELECT scope FROM audit_head UNION SELECT DISTINCT scope FROM audit_log", null, cancellationToken);
        return [.. scopes.Order(StringComparer.Ordinal).Select(scope => scope.Length == 0 ? null : scope)];
    }

    /// <summary>Recomputes the chain of a scope; the empty one is of what concerns no world.</summary>
    public static async Task<AuditVerdict> VerifyAsync(ISession session, string scope, AuditAnchor? anchor, CancellationToken cancellationToken)
    {
        var check = new AuditChainCheck(anchor);
        var columns = RawColumns(session.Dialect);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = await session.QueryAsync<RawRow>($"SELECT {columns} FROM audit_log WHERE scope = @scope AND seq > @Entries ORDER BY seq LIMIT {VerifyPage}", new { scope, check.Entries });
            foreach (var row in rows)
            {
                if (WhatIsWrong(check, row, scope) is { } reason) return Broken(check, reason);
            }
            if (rows.Count < VerifyPage) break;
        }
        var head = await session.FirstOrDefaultAsync<HeadRow>("SELECT seq, hash FROM audit_head WHERE scope = @scope", new { scope });
        var problem = head is null && check.Entries == 0 ? null
            : head is null || head.Seq > check.Entries ? "The chain ends before its recorded head: entries are missing at the end."
            : head.Seq != check.Entries || !head.Hash.AsSpan().SequenceEqual(check.Head.Span) ? "The chain and its recorded head do not agree."
            : null;
        return (problem ?? check.End()) is { } end ? Broken(check, end) : new AuditVerdict(check.Entries, null, null, check.HeadHex);
    }

    private static string? WhatIsWrong(AuditChainCheck check, RawRow row, string scope)
    {
        if (!(row.WorldId ?? []).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(scope))) return "The entry was moved here from another chain.";
        return check.Add(row.Seq, row.At, [row.WorldId, row.Actor, row.Event, row.Stage, row.CorrelationId, row.Request, row.Result], row.PrevHash, row.Hash);
    }

    private static AuditVerdict Broken(AuditChainCheck check, string reason) => new(check.Entries, check.Entries + 1, reason, check.HeadHex);

    /// <summary>Texts as their bytes: reading them as text would mend broken UTF-8, and so hide it.</summary>
    private static string RawColumns(Dialect dialect) => "seq, at, prev_hash, hash, " + string.Join(", ", Texts.Select(column => dialect.IsPostgres ? $"convert_to({column}, 'UTF8') AS {column}" : $"CAST({column} AS BLOB) AS {column}"));

    private static byte[] Hash(long sequence, DateTimeOffset at, AuditEntry entry, ReadOnlySpan<byte> previous) => AuditChain.Hash(
        sequence,
        UnixTime.ToNanoseconds(at),
        [Bytes(entry.WorldId), Bytes(entry.Actor), Bytes(entry.Event), Bytes(entry.Stage), Bytes(entry.CorrelationId), Bytes(entry.Request), Bytes(entry.Result)],
        previous);

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static string Scope(AuditEntry entry) => entry.WorldId ?? "";

    private sealed record HeadRow
    {
        public long Seq { get; init; }

        public byte[] Hash { get; init; } = [];
    }

    private sealed record Row
    {
        public long Sequence { get; init; }

        public long AtNanoseconds { get; init; }

        public string? WorldId { get; init; }

        public string Actor { get; init; } = "";

        public string Event { get; init; } = "";

        public string? Stage { get; init; }

        public string? CorrelationId { get; init; }

        public string? Request { get; init; }

        public string? Result { get; init; }

        public byte[] PrevHash { get; init; } = [];

        public byte[] Hash { get; init; } = [];

        public AuditEntry ToEntry() => new(Actor, Event) { WorldId = WorldId, Stage = Stage, CorrelationId = CorrelationId, Request = Request, Result = Result };

        public AuditRecord ToRecord() => new()
        {
            Sequence = Sequence,
            AtNanoseconds = AtNanoseconds,
            Entry = ToEntry(),
            PreviousHash = Convert.ToHexStringLower(PrevHash),
            Hash = Convert.ToHexStringLower(Hash),
        };
    }

    /// <summary>A row as it is stored, byte for byte.</summary>
    private sealed record RawRow
    {
        public long Seq { get; init; }

        public long At { get; init; }

        public byte[]? WorldId { get; init; }

        public byte[]? Actor { get; init; }

        public byte[]? Event { get; init; }

        public byte[]? Stage { get; init; }

        public byte[]? CorrelationId { get; init; }

        public byte[]? Request { get; init; }

        public byte[]? Result { get; init; }

        public byte[] PrevHash { get; init; } = [];

        public byte[] Hash { get; init; } = [];
    }
}
