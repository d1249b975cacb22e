using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>Gives out keys for rows of the graph. A process takes them from the store by the block, so that a plan needs no transaction to have its keys.</summary>
internal sealed class GraphKeys(IDatabase database) : IDisposable
{
    private const int Block = 100_000;

    private readonly SemaphoreSlim _refill = new(1, 1);
    private readonly Lock _gate = new();
    private long _next;
    private long _end;

    /// <summary>So many keys in a row. They are never given out again, whether they are used or not.</summary>
    /// <returns>The first of them.</returns>
    public async ValueTask<long> TakeAsync(int count, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryTake(count, out var first)) return first;
            await _refill.WaitAsync(cancellation);
            try
            {
                if (TryTake(count, out first)) return first;
                var size = Math.Max(Block, count);
                var end = await database.WriteAsync(
                    unit => unit.ScalarAsync<long>("UPDATE dm_graph SET next_key = next_key + @size WHERE id = 1 RETURNING next_key", new { size }), cancellation);
                lock (_gate) (_next, _end) = (end - size, end);
            }
            finally
            {
                _refill.Release();
            }
        }
    }

    public void Dispose() => _refill.Dispose();

    private bool TryTake(int count, out long first)
    {
        lock (_gate)
        {
            first = _next;
            if (_end - _next < count) return false;
            _next += count;
            return true;
        }
    }
}
