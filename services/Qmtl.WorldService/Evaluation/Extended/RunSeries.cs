using System.IO.Compression;
using System.Runtime.InteropServices;
using Qmtl.Storage;
using Qmtl.WorldService.Evaluation.Augmentation;

namespace Qmtl.WorldService.Evaluation.Extended;

/// <summary>A row of <c>ws_run_series</c>.</summary>
internal sealed record RunSeriesRow
{
    public string StrategyId { get; init; } = "";

    public string RunId { get; init; } = "";

    public int Points { get; init; }

    public double PeriodsPerYear { get; init; }

    public byte[] Returns { get; init; } = [];

    public double[] ReadReturns() => SeriesBytes.Read(Returns, Points);
}

/// <summary>Returns as bytes: IEEE 754 numbers, little-endian, the bytes of equal significance together, then compressed.</summary>
internal static class SeriesBytes
{
    public static byte[] Write(ReadOnlySpan<double> returns)
    {
        var plain = MemoryMarshal.AsBytes(returns);
        var planes = new byte[plain.Length];
        // Signs and exponents of returns are much alike; side by side they compress, between mantissas they do not.
        for (var plane = 0; plane < sizeof(double); plane++)
        {
            var bytes = planes.AsSpan(plane * returns.Length, returns.Length);
            for (var i = 0; i < bytes.Length; i++) bytes[i] = plain[(i * sizeof(double)) + plane];
        }

        using var packed = new MemoryStream();
        using (var compressed = new BrotliStream(packed, CompressionLevel.Fastest)) compressed.Write(planes);
        return packed.ToArray();
    }

    public static double[] Read(byte[] bytes, int points)
    {
        var planes = new byte[points * sizeof(double)];
        using (var stream = new BrotliStream(new MemoryStream(bytes), CompressionMode.Decompress)) stream.ReadExactly(planes);
        var returns = new double[points];
        var plain = MemoryMarshal.AsBytes(returns.AsSpan());
        for (var i = 0; i < plain.Length; i++) plain[i] = planes[(i % sizeof(double) * points) + (i / sizeof(double))];
        return returns;
    }
}

/// <summary>The table <c>ws_run_series</c>: the returns a run was judged on, for what is computed about it later.</summary>
internal static class RunSeriesStore
{
    /// <summary>Newest points kept of one series; a longer one is judged in the background by its end.</summary>
    public const int MaxPoints = 200_000;

    /// <summary>Runs of a strategy whose series are kept; older ones are forgotten, their records are not.</summary>
    public const int RunsKept = 5;

    public static async Task SaveAsync(IUnitOfWork unit, string worldId, string runId, IReadOnlyList<(string StrategyId, StrategyReturns? Returns)> series)
    {
        var batch = new RowBatch(
            "ws_run_series (world_id, strategy_id, run_id, points, periods_per_year, returns, recorded_at)",
            """
            ON CONFLICT (world_id, strategy_id, run_id) DO UPDATE SET points = excluded.points, periods_per_year = excluded.periods_per_year,
                returns = excluded.returns, recorded_at = excluded.recorded_at
            """);
        foreach (var (strategyId, returns) in series)
        {
            if (returns is not { Packed: { } packed }) continue;
            batch.Add(worldId, strategyId, runId, packed.Points, returns.PeriodsPerYear, packed.Bytes, unit.Now);
            await ForgetAsync(unit, worldId, strategyId, runId);
        }

        await batch.WriteAsync(unit);
    }

    public static Task<RunSeriesRow?> FindAsync(ISession session, string worldId, string strategyId, string runId) => session.FirstOrDefaultAsync<RunSeriesRow>(
        "SELECT strategy_id, points, periods_per_year, returns FROM ws_run_series WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id = @runId", new { worldId, strategyId, runId });

    /// <summary>The series of all strategies that were judged under one run id, by strategy.</summary>
    public static Task<IReadOnlyList<RunSeriesRow>> ListAsync(ISession session, string worldId, string runId, int take) => session.QueryAsync<RunSeriesRow>(
        $"SELECT strategy_id, points, periods_per_year, returns FROM ws_run_series WHERE world_id = @worldId AND run_id = @runId ORDER BY strategy_id {session.Dialect.Ordinal} LIMIT @take",
        new { worldId, runId, take });

    /// <summary>The series of a strategy's runs of one stage that were recorded at or after some time, newest first.</summary>
    public static Task<IReadOnlyList<RunSeriesRow>> NewestAsync(ISession session, string worldId, string strategyId, string stage, DateTimeOffset from) => session.QueryAsync<RunSeriesRow>(
        $"""
        SELECT s.strategy_id, s.run_id, s.points, s.periods_per_year, s.returns FROM ws_run_series s
        JOIN ws_runs r ON r.world_id = s.world_id AND r.strategy_id = s.strategy_id AND r.run_id = s.run_id
        WHERE s.world_id = @worldId AND s.strategy_id = @strategyId AND r.stage = @stage AND s.recorded_at >= @from
        ORDER BY s.recorded_at DESC, s.run_id {session.Dialect.Ordinal} DESC
        """,
        new { worldId, strategyId, stage, from });

    private static Task<int> ForgetAsync(IUnitOfWork unit, string worldId, string strategyId, string runId) => unit.ExecuteAsync(
        $"""
        DELETE FROM ws_run_series WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id <> @runId AND run_id NOT IN (
            SELECT run_id FROM ws_run_series WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id <> @runId
            ORDER BY recorded_at DESC, run_id {unit.Dialect.Ordinal} DESC LIMIT {RunsKept - 1})
        """,
        new { worldId, strategyId, runId });
}
