namespace Qmtl.Storage.Audit;

/// <summary>The table <c>audit_log</c>.</summary>
internal sealed class AuditLog(IDatabase database) : IAuditLog
{
    private const string Columns = "seq AS Sequence, at, world_id, actor, event, stage, correlation_id, request, result, prev_hash, hash";

    /// <summary>Writes entries with the unit of work that they describe.</summary>
    /// <remarks>The row of the chain's head is locked from here to the commit, so that entries of one world queue up behind each other.</remarks>
    public static async Task WriteAsync(UnitOfWork unit, IReadOnlyList<AuditEntry> entries)
    {
        // One order for all writers: two units of work that write to the same two chains never wait for each other in a circle.
        foreach (var chain in entries.GroupBy(Scope, StringComparer.Ordinal).OrderBy(chain => chain.Key, StringComparer.Ordinal))
        {
            var head = await unit.FirstOrDefaultAsync<HeadRow>(
                "INSERT INTO audit_head (scope, seq, hash) VALUES (@Scope, 0, @Root) ON CONFLICT (scope) DO UPDATE SET seq = audit_head.seq RETURNING seq, hash",
                new { Scope = chain.Key, AuditChain.Root });
            var (sequence, previous) = (head!.Seq, head.Hash);
            foreach (var entry in chain)
            {
                var hash = AuditChain.Hash(++sequence, unit.Now, entry, previous);
                await unit.ExecuteAsync(
                    """
                    INSERT INTO audit_log (scope, seq, at, world_id, actor, event, stage, correlation_id, request, result, prev_hash, hash)
                    VALUES (@Scope, @Sequence, @Now, @WorldId, @Actor, @Event, @Stage, @CorrelationId, @Request, @Result, @previous, @hash)
                    """,
                    new { Scope = chain.Key, Sequence = sequence, unit.Now, entry.WorldId, entry.Actor, entry.Event, entry.Stage, entry.CorrelationId, entry.Request, entry.Result, previous, hash });
                previous = hash;
            }
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

    public Task<AuditVerdict> VerifyAsync(string? worldId, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => VerifyAsync(session, worldId ?? "", cancellationToken), cancellationToken);

    private static async Task<AuditVerdict> VerifyAsync(ISession session, string scope, CancellationToken cancellationToken)
    {
        var sequence = 0L;
        var hash = AuditChain.Root;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = await session.QueryAsync<Row>($"SELECT {Columns} FROM audit_log WHERE scope = @scope AND seq > @sequence ORDER BY seq LIMIT 1000", new { scope, sequence });
            foreach (var row in rows)
            {
                if (WhatIsWrong(row, sequence + 1, hash) is { } reason) return Verdict(sequence, sequence + 1, reason, hash);
                (sequence, hash) = (row.Sequence, row.Hash);
            }
            if (rows.Count == 0) break;
        }
        var head = await session.FirstOrDefaultAsync<HeadRow>("SELECT seq, hash FROM audit_head WHERE scope = @scope", new { scope });
        return head is null && sequence == 0 ? Verdict(0, null, null, hash)
            : head is null || head.Seq != sequence || !head.Hash.AsSpan().SequenceEqual(hash) ? Verdict(sequence, sequence + 1, "The chain ends before its recorded head: entries are missing at the end.", hash)
            : Verdict(sequence, null, null, hash);
    }

    private static string? WhatIsWrong(Row row, long expected, byte[] previous) =>
        row.Sequence != expected ? $"Entry {expected} is missing."
        : !row.PrevHash.AsSpan().SequenceEqual(previous) ? "The entry does not follow the one before it."
        : !row.Hash.AsSpan().SequenceEqual(AuditChain.Hash(row.Sequence, row.At, row.ToEntry(), previous)) ? "The entry was changed after it was written."
        : null;

    private static AuditVerdict Verdict(long entries, long? brokenAt, string? reason, byte[] hash) => new(entries, brokenAt, reason, Convert.ToHexStringLower(hash));

    private static string Scope(AuditEntry entry) => entry.WorldId ?? "";

    private sealed record HeadRow
    {
        public long Seq { get; init; }

        public byte[] Hash { get; init; } = [];
    }

    private sealed record Row
    {
        public long Sequence { get; init; }

        public DateTimeOffset At { get; init; }

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

        public AuditRecord ToRecord() => new() { Sequence = Sequence, At = At, Entry = ToEntry(), Hash = Convert.ToHexStringLower(Hash) };
    }
}
