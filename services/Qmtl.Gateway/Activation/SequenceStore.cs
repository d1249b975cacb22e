using Qmtl.Storage;

namespace Qmtl.Gateway.Activation;

/// <summary>The table <c>gw_activation_runs</c>. Gateways of one deployment share it: what one of them has processed, those that start later need not hear.</summary>
internal static class SequenceStore
{
    /// <summary>All runs of which something can still come.</summary>
    public static async Task<IReadOnlyList<RunProgress>> ListAsync(ISession session)
    {
        var rows = await session.QueryAsync<Row>("SELECT world_id, run_id, next_sequence FROM gw_activation_runs");
        return [.. rows.Select(row => new RunProgress(row.WorldId, row.RunId, row.NextSequence))];
    }

    /// <summary>Keeps how far a run has come; never less than before.</summary>
    public static Task SaveAsync(IUnitOfWork unit, RunProgress progress) => unit.ExecuteAsync(
        """
        INSERT INTO gw_activation_runs (world_id, run_id, next_sequence, updated_at) VALUES (@WorldId, @RunId, @Next, @Now)
        ON CONFLICT (world_id, run_id) DO UPDATE SET updated_at = excluded.updated_at,
            next_sequence = CASE WHEN excluded.next_sequence > gw_activation_runs.next_sequence THEN excluded.next_sequence ELSE gw_activation_runs.next_sequence END
        """,
        new { progress.WorldId, progress.RunId, progress.Next, unit.Now });

    /// <summary>Forgets runs that nothing was heard of for a while.</summary>
    public static Task<int> ForgetAsync(IUnitOfWork unit, TimeSpan age) => unit.ExecuteAsync("DELETE FROM gw_activation_runs WHERE updated_at < @Before", new { Before = unit.Now - age });

    private sealed record Row
    {
        public string WorldId { get; init; } = "";

        public string RunId { get; init; } = "";

        public int NextSequence { get; init; }
    }
}
