using Qmtl.Messaging.Sql;
using Qmtl.Storage;

namespace Qmtl.Messaging.Relay;

/// <summary>The right to relay: one process has it at a time. Who falls silent loses it after its length; who ends gives it back.</summary>
internal sealed class RelayLease(IDatabase database, TimeSpan length, TimeProvider clock)
{
    private const string Name = "kafka";

    private readonly string _member = ProcessIdentity.NewMember();
    private long _renewed;
    private long? _epoch;

    /// <summary>Whether it is ours for certain, by a clock that never believes in it longer than the others do.</summary>
    public bool Held => _epoch is not null && clock.GetElapsedTime(_renewed) < length;

    /// <summary>How often to renew it.</summary>
    public TimeSpan RenewEvery => length / 3;

    /// <summary>Takes or prolongs it, when it is time to.</summary>
    /// <returns>Whether it is ours.</returns>
    public async Task<bool> RenewAsync(CancellationToken cancellationToken)
    {
        if (Held && clock.GetElapsedTime(_renewed) < RenewEvery) return true;
        var asked = clock.GetTimestamp();
        _epoch = await database.WriteAsync(TakeAsync, cancellationToken);
        _renewed = asked;
        return Held;
    }

    /// <summary>Inside of a transaction: fails it for whoever lost the lease, and keeps others from taking it before the commit.</summary>
    public async Task<bool> FenceAsync(IUnitOfWork unit) =>
        await unit.ExecuteAsync("UPDATE bus_relay_lease SET epoch = epoch WHERE name = @Name AND owner = @_member AND epoch = @_epoch", new { Name, _member, _epoch }) > 0;

    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (_epoch is null) return;
        await database.WriteAsync(unit => unit.ExecuteAsync("UPDATE bus_relay_lease SET owner = NULL WHERE name = @Name AND owner = @_member AND epoch = @_epoch", new { Name, _member, _epoch }), cancellationToken);
        _epoch = null;
    }

    private async Task<long?> TakeAsync(IUnitOfWork unit)
    {
        await unit.LockAsync("bus:relay");
        var now = await LeaseClock.NowAsync(unit);
        var row = await unit.FirstOrDefaultAsync<Row>("SELECT owner, epoch, expires_at FROM bus_relay_lease WHERE name = @Name", new { Name });
        var ours = string.Equals(row?.Owner, _member, StringComparison.Ordinal);
        if (row?.Owner is { } owner && !ours && row.ExpiresAt > now && (unit.Dialect.IsPostgres || !ProcessIdentity.IsDead(owner))) return null;
        var epoch = ours ? row!.Epoch : (row?.Epoch ?? 0) + 1;
        await unit.ExecuteAsync(
            """
            INSERT INTO bus_relay_lease (name, owner, epoch, expires_at) VALUES (@Name, @_member, @epoch, @expires)
            ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, expires_at = excluded.expires_at
            """,
            new { Name, _member, epoch, expires = now + length });
        return epoch;
    }

    private sealed record Row
    {
        public string? Owner { get; init; }

        public long Epoch { get; init; }

        public DateTimeOffset ExpiresAt { get; init; }
    }
}
