using System.Text;
using Qmtl.Identity;
using Qmtl.Messaging.Topics;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Gateway.Fills;

/// <summary>A fill as it is read again.</summary>
internal sealed record StoredFill
{
    public int FillOffset { get; init; }

    public string FillJson { get; init; } = "";

    public DateTimeOffset ReceivedAt { get; init; }
}

/// <summary>Which fills to read again.</summary>
internal sealed record FillQuery(string WorldId, string StrategyId, long After, DateTimeOffset Since, int Limit);

/// <summary>Keeps fills. Each method runs in the caller's transaction.</summary>
internal static class FillStore
{
    private const string MessageType = "fill";

    /// <summary>Uses a nonce.</summary>
    /// <returns>False when it was used before.</returns>
    public static async Task<bool> TryUseNonceAsync(IUnitOfWork unit, string nonce, TimeSpan life)
    {
        await unit.ExecuteAsync("DELETE FROM gw_fill_nonces WHERE expires_at <= @Now", new { unit.Now });
        return await unit.ExecuteAsync("INSERT INTO gw_fill_nonces (nonce, expires_at) VALUES (@nonce, @until) ON CONFLICT DO NOTHING", new { nonce, until = unit.Now + life }) > 0;
    }

    /// <summary>Keeps a fill and appends it to the log, unless it is there.</summary>
    /// <returns>False for a copy.</returns>
    /// <exception cref="RefusalException"><c>E_ETAG_CONFLICT</c>: another fill has this place in the order.</exception>
    public static async Task<bool> AppendAsync(IUnitOfWork unit, ReadFill read, string fingerprint)
    {
        var fill = read.Fill;
        await unit.LockAsync("fills:" + fill.WorldId);
        var known = await unit.ScalarAsync<string>(
            "SELECT content_hash FROM gw_fills WHERE world_id = @WorldId AND strategy_id = @StrategyId AND order_id = @OrderId AND fill_key = @Key",
            new { fill.WorldId, fill.StrategyId, fill.OrderId, read.Key });
        if (known is not null)
        {
            return string.Equals(known, read.ContentHash, StringComparison.Ordinal)
                ? false
                : throw new RefusalException(ReasonCodes.EtagConflict, $"Fill {read.Key} of order '{fill.OrderId}' is there with other content; a correction comes with a sequence of its own.", [new FieldError("/data/seq", "is taken")]);
        }

        var json = ProtoJson.Write(fill);
        await unit.ExecuteAsync(
            """
            INSERT INTO gw_fills (world_id, strategy_id, order_id, fill_key, content_hash, fill_offset, fill_json, received_at)
            SELECT @WorldId, @StrategyId, @OrderId, @Key, @ContentHash, COALESCE(MAX(fill_offset), 0) + 1, @json, @Now FROM gw_fills WHERE world_id = @WorldId
            """,
            new { fill.WorldId, fill.StrategyId, fill.OrderId, read.Key, read.ContentHash, json, unit.Now });
        await unit.AppendAsync(new BusMessage(TopicCatalog.TradeFills, string.Join('|', fill.WorldId, fill.StrategyId, fill.Symbol, fill.OrderId), MessageType, Encoding.UTF8.GetBytes(json))
        {
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["rfp"] = fingerprint },
        });
        return true;
    }

    /// <summary>Whether a strategy has had fills in a world.</summary>
    public static async Task<bool> HasFillsAsync(ISession session, string worldId, string strategyId) =>
        await session.ScalarAsync<int>("SELECT COUNT(*) FROM (SELECT 1 FROM gw_fills WHERE world_id = @worldId AND strategy_id = @strategyId LIMIT 1) AS seen", new { worldId, strategyId }) > 0;

    /// <summary>Fills of a world in the order they came.</summary>
    public static Task<IReadOnlyList<StoredFill>> ListAsync(ISession session, FillQuery query) => session.QueryAsync<StoredFill>(
        $"""
        SELECT fill_offset AS FillOffset, fill_json AS FillJson, received_at AS ReceivedAt FROM gw_fills
        WHERE world_id = @WorldId AND fill_offset > @After AND received_at >= @Since{(query.StrategyId.Length > 0 ? " AND strategy_id = @StrategyId" : "")}
        ORDER BY fill_offset LIMIT @Limit
        """,
        query);
}
