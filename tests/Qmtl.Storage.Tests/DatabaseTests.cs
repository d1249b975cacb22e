using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

/// <summary>What both databases promise; each derives and says how to get one.</summary>
public abstract class DatabaseTests : IAsyncLifetime
{
    private StorageFixture _fixture = null!;

    private IDatabase Database => _fixture.Database;

    public async Task InitializeAsync() => _fixture = await OpenAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    private protected abstract Task<StorageFixture> OpenAsync();

    [ConformanceFact]
    public async Task WriteAsync_EveryType_RoundTripsExactly()
    {
        var item = new Item { Id = "ä/1", Part = 7, Amount = 0.1 + 0.2, Active = true, At = new DateTimeOffset(2024, 2, 29, 23, 59, 59, TimeSpan.FromHours(9)).AddTicks(1234567), Body = [0, 255, 1] };

        await Database.WriteAsync(unit => unit.ExecuteAsync("INSERT INTO test_item (id, part, amount, active, at, body) VALUES (@Id, @Part, @Amount, @Active, @At, @Body)", item)).Within();
        await Database.WriteAsync(unit => unit.ExecuteAsync("INSERT INTO test_item (id, part) VALUES (@Id, 8)", item)).Within();

        var rows = await Database.QueryAsync<Item>("SELECT * FROM test_item WHERE active = TRUE OR active IS NULL ORDER BY part").Within();
        Assert.Equal(2, rows.Count);
        Assert.Equal(item with { Body = null, At = item.At!.Value.ToUniversalTime() }, rows[0] with { Body = null });
        Assert.Equal(item.Body, rows[0].Body);
        Assert.Equal(new Item { Id = item.Id, Part = 8 }, rows[1]);
    }

    [ConformanceFact]
    public async Task RowBatch_EveryType_RoundTripsExactly_AndRepeatsUpdate()
    {
        var at = new DateTimeOffset(2024, 2, 29, 23, 59, 59, TimeSpan.Zero).AddTicks(1234567);
        Item[] items = [.. Enumerable.Range(0, 150).Select(part => part % 3 == 0
            ? new Item { Id = "ä/1", Part = part }
            : new Item { Id = "ä/1", Part = part, Amount = 0.1 * part, Active = part % 2 == 0, At = at.AddSeconds(part), Body = [0, 255, (byte)part] })];

        for (var round = 0; round < 2; round++)
        {
            var batch = new RowBatch("test_item (id, part, amount, active, at, body)", "ON CONFLICT (id, part) DO UPDATE SET amount = excluded.amount");
            foreach (var item in items) batch.Add(item.Id, item.Part, item.Amount + round, item.Active, item.At, item.Body);
            await Database.WriteAsync(unit => batch.WriteAsync(unit)).Within();
        }

        var rows = await Database.QueryAsync<Item>("SELECT * FROM test_item ORDER BY part").Within();
        Assert.Equal(items.Select(item => item with { Body = null, Amount = item.Amount + 1 }), rows.Select(row => row with { Body = null }));
        Assert.All(rows, row => Assert.Equal(items[row.Part].Body, row.Body));
    }

    [ConformanceFact]
    public async Task RowBatch_OneRowRefused_LeavesNothing()
    {
        var batch = new RowBatch("test_item (id, part)");
        foreach (var part in new[] { 1, 2, 1 }) batch.Add("a", part);

        await Assert.ThrowsAsync<UniqueViolationException>(() => Database.WriteAsync(unit => batch.WriteAsync(unit)).Within());

        Assert.Equal(0, await CountAsync());
    }

    [ConformanceFact]
    public async Task WriteAsync_WorkFails_LeavesNothing()
    {
        await Assert.ThrowsAsync<FormatException>(() => Database.WriteAsync(async unit =>
        {
            await AddAsync(unit, "a");
            throw new FormatException("no");
        }).Within());

        Assert.Equal(0, await CountAsync());
    }

    [ConformanceFact]
    public async Task WriteAsync_SameKey_IsAUniqueViolationThatNamesTableAndColumns()
    {
        await Database.WriteAsync(unit => AddAsync(unit, "a")).Within();

        var error = await Assert.ThrowsAsync<UniqueViolationException>(() => Database.WriteAsync(unit => AddAsync(unit, "a")).Within());

        Assert.Equal("test_item", error.Table);
        Assert.Equal(["id", "part"], error.Columns);
    }

    [ConformanceFact]
    public async Task WriteAsync_SameKeyAtOnce_WhoLosesCanReadWhatItLostTo()
    {
        for (var round = 0; round < 20; round++)
        {
            var id = $"a{round}";
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var racers = new[] { LoseAsync(id), LoseAsync(id) };
            // Where units of work share a commit, this one keeps it open long enough for an early answer to do harm.
            var later = Database.WriteAsync(async unit =>
            {
                await Task.WhenAny(told.Task, Task.Delay(50));
                await AddAsync(unit, "b" + id);
            });

            var seen = (await Task.WhenAll(racers).Within()).Where(rows => rows >= 0);
            told.SetResult();
            await later.Within();

            Assert.Equal([1], seen);
        }
    }

    [ConformanceFact]
    public async Task WriteAsync_BrokenCheck_IsAConstraintViolation()
    {
        var error = await Assert.ThrowsAsync<StorageException>(() =>
            Database.WriteAsync(unit => unit.ExecuteAsync("INSERT INTO test_counter (id, value) VALUES ('a', -1)")).Within());

        Assert.Equal(StorageFailure.ConstraintViolation, error.Failure);
    }

    [ConformanceFact]
    public async Task WriteAsync_FailureSwallowedByTheWork_StillCommitsNothing()
    {
        await Database.WriteAsync(unit => AddAsync(unit, "a")).Within();

        await Assert.ThrowsAsync<UniqueViolationException>(() => Database.WriteAsync(async unit =>
        {
            await AddAsync(unit, "b");
            await Assert.ThrowsAsync<UniqueViolationException>(() => AddAsync(unit, "a"));
            await Assert.ThrowsAsync<InvalidOperationException>(() => AddAsync(unit, "c"));
        }).Within());

        Assert.Equal(1, await CountAsync());
    }

    [ConformanceFact]
    public async Task WriteAsync_InsideAnother_IsRefusedInsteadOfWaitingForever()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            Database.WriteAsync(unit => Database.WriteAsync(inner => AddAsync(inner, "a"))).Within());

        Assert.Contains("unit of work", error.Message, StringComparison.Ordinal);
        await Database.WriteAsync(unit => AddAsync(unit, "a")).Within();
    }

    [ConformanceFact]
    public async Task WriteAsync_UsedAfterItEnded_IsRefused()
    {
        IUnitOfWork? kept = null;
        await Database.WriteAsync(async unit =>
        {
            kept = unit;
            await AddAsync(unit, "a");
        }).Within();

        await Assert.ThrowsAsync<InvalidOperationException>(() => AddAsync(kept!, "b").Within());
    }

    [ConformanceFact]
    public async Task WriteAsync_Cancelled_LeavesNothing()
    {
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Database.WriteAsync(
            async unit =>
            {
                await AddAsync(unit, "a");
                await cancel.CancelAsync();
                cancel.Token.ThrowIfCancellationRequested();
            },
            cancel.Token).Within());

        Assert.Equal(0, await CountAsync());
    }

    [ConformanceFact]
    public async Task WriteAsync_ReadDecideWriteUnderALock_LosesNoUpdate()
    {
        const int Writers = 8;
        const int Rounds = 20;
        await Database.WriteAsync(unit => unit.ExecuteAsync("INSERT INTO test_counter (id, value) VALUES ('c', 0)")).Within();

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                await Database.WriteAsync(async unit =>
                {
                    await unit.LockAsync("counter:c");
                    var value = await unit.ScalarAsync<long>("SELECT value FROM test_counter WHERE id = 'c'");
                    await unit.ExecuteAsync("UPDATE test_counter SET value = @Next WHERE id = 'c'", new { Next = value + 1 });
                });
            }
        }))).Within(60);

        Assert.Equal(Writers * Rounds, await Database.ScalarAsync<long>("SELECT value FROM test_counter WHERE id = 'c'").Within());
    }

    [ConformanceFact]
    public async Task WriteAsync_OneOfManyFails_TheOthersStand()
    {
        var writes = Enumerable.Range(0, 60).Select(n => Database.WriteAsync(async unit =>
        {
            await AddAsync(unit, FormattableString.Invariant($"i{n}"));
            if (n % 3 == 0) throw new FormatException("no");
        })).ToArray();

        await Assert.ThrowsAsync<FormatException>(() => Task.WhenAll(writes).Within());

        Assert.Equal(40, await CountAsync());
        Assert.All(writes.Select((write, n) => (write, n)), each => Assert.Equal(each.n % 3 == 0, each.write.IsFaulted));
    }

    [ConformanceFact]
    public async Task ReadAsync_WhileOthersWrite_SeesOneSnapshot()
    {
        var (before, after) = await Database.ReadAsync(async session =>
        {
            var first = await session.ScalarAsync<int>("SELECT COUNT(*) FROM test_item");
            await Database.WriteAsync(unit => AddAsync(unit, "a")).Within();
            return (first, await session.ScalarAsync<int>("SELECT COUNT(*) FROM test_item"));
        }).Within();

        Assert.Equal((0, 0), (before, after));
        Assert.Equal(1, await CountAsync());
    }

    [ConformanceFact]
    public async Task ReadAsync_ThatWrites_IsRefused()
    {
        await Assert.ThrowsAsync<StorageException>(() =>
            Database.ScalarAsync<int>("INSERT INTO test_item (id, part) VALUES ('a', 1) RETURNING part").Within());

        Assert.Equal(0, await CountAsync());
    }

    [ConformanceFact]
    public async Task OnCommitted_RunsAfterTheCommitOnly()
    {
        var seen = new List<string>();

        await Database.WriteAsync(async unit =>
        {
            unit.OnCommitted(() => seen.Add("first"));
            await AddAsync(unit, "a");
            Assert.Empty(seen);
        }).Within();
        await Assert.ThrowsAsync<UniqueViolationException>(() => Database.WriteAsync(async unit =>
        {
            unit.OnCommitted(() => seen.Add("second"));
            await AddAsync(unit, "a");
        }).Within());

        Assert.Equal(["first"], seen);
    }

    [ConformanceFact]
    public async Task Ordinal_TextColumn_SortsByCodePoint()
    {
        foreach (var id in (string[])["b", "A", "a", "Z", "_"]) await Database.WriteAsync(unit => AddAsync(unit, id)).Within();

        var ids = await Database.QueryAsync<string>($"SELECT id FROM test_item ORDER BY id {Database.Dialect.Ordinal}").Within();

        Assert.Equal(["A", "Z", "_", "a", "b"], ids);
    }

    /// <summary>The rows that the loser of a race for a key sees at once; -1 for the winner.</summary>
    private async Task<int> LoseAsync(string id)
    {
        try
        {
            await Database.WriteAsync(unit => AddAsync(unit, id));
            return -1;
        }
        catch (UniqueViolationException)
        {
            return await Database.ReadAsync(session => session.ScalarAsync<int>("SELECT COUNT(*) FROM test_item WHERE id = @id", new { id }));
        }
    }

    private static Task<int> AddAsync(IUnitOfWork unit, string id) => unit.ExecuteAsync("INSERT INTO test_item (id, part) VALUES (@id, 1)", new { id });

    private Task<int> CountAsync() => Database.ScalarAsync<int>("SELECT COUNT(*) FROM test_item").Within();

    private sealed record Item
    {
        public string Id { get; init; } = "";

        public int Part { get; init; }

        public double? Amount { get; init; }

        public bool? Active { get; init; }

        public DateTimeOffset? At { get; init; }

        public byte[]? Body { get; init; }
    }
}
