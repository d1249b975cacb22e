using System.Runtime.CompilerServices;
using Qmtl.Identity;

namespace Qmtl.Runtime.Tests.SharedCompute;

/// <summary>The streams of one world in memory, with leases and fencing as the services have them.</summary>
internal sealed class MemoryStreams(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Stream> _streams = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Batches that were refused, because another session held the stream.</summary>
    public int Fenced { get; private set; }

    /// <summary>Values that stand in the streams, in bars.</summary>
    public long Appended
    {
        get
        {
            lock (_gate) return _streams.Values.Sum(stream => stream.Batches.Sum(batch => (long)batch.Bars));
        }
    }

    public IReadOnlyList<IReadOnlyList<NodeBatch>> All
    {
        get
        {
            lock (_gate) return [.. _streams.Values.Select(stream => stream.Batches.ToArray())];
        }
    }

    public NodeGrant Acquire(string owner, string streamId, TimeSpan lease)
    {
        lock (_gate)
        {
            if (!_streams.TryGetValue(streamId, out var stream)) _streams.Add(streamId, stream = new Stream());
            var now = time.GetUtcNow();
            if (stream.Owner != owner && (stream.Owner.Length == 0 || stream.Until <= now)) (stream.Owner, stream.Epoch) = (owner, stream.Epoch + 1);
            if (stream.Owner == owner) stream.Until = now + lease;
            return new NodeGrant(streamId, stream.Owner == owner, stream.Epoch, stream.NextBar);
        }
    }

    public IReadOnlySet<string> Renew(string owner, TimeSpan lease)
    {
        lock (_gate)
        {
            var held = _streams.Where(stream => stream.Value.Owner == owner).ToArray();
            foreach (var (_, stream) in held) stream.Until = time.GetUtcNow() + lease;
            return held.Select(stream => stream.Key).ToHashSet(StringComparer.Ordinal);
        }
    }

    public void Release(string owner, IReadOnlyList<string> streams)
    {
        lock (_gate)
        {
            foreach (var (id, stream) in _streams)
            {
                if (stream.Owner == owner && (streams.Count == 0 || streams.Contains(id))) stream.Owner = "";
            }
        }
    }

    public void Append(string owner, IReadOnlyList<NodeBatch> batches)
    {
        lock (_gate)
        {
            foreach (var batch in batches)
            {
                var stream = _streams[batch.StreamId];
                if (stream.Owner != owner || stream.Epoch != batch.Epoch)
                {
                    Fenced++;
                    throw new RefusalException(ReasonCodes.LeaseFenced, "Fenced.", null, new Dictionary<string, string>(StringComparer.Ordinal) { ["stream_id"] = batch.StreamId });
                }

                if (batch.FirstBar + batch.Bars <= stream.NextBar) continue;
                Assert.Equal(stream.NextBar, batch.FirstBar);
                stream.Batches.Add(batch);
            }

            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public (IReadOnlyList<NodeBatch> Found, Task Changed) Read(Dictionary<string, long> next)
    {
        lock (_gate)
        {
            var found = next.SelectMany(stream => _streams[stream.Key].Batches.Where(batch => batch.FirstBar >= stream.Value)).ToArray();
            foreach (var batch in found) next[batch.StreamId] = Math.Max(next[batch.StreamId], batch.FirstBar + batch.Bars);
            return (found, _changed.Task);
        }
    }

    private sealed class Stream
    {
        public string Owner { get; set; } = "";

        public int Epoch { get; set; }

        public DateTimeOffset Until { get; set; }

        public List<NodeBatch> Batches { get; } = [];

        public long NextBar => Batches.Count == 0 ? 0 : Batches[^1].FirstBar + Batches[^1].Bars;
    }
}

/// <summary>One session's way to the streams; it can fall silent, as a process does that is killed or that hangs.</summary>
internal sealed class MemoryExchange(MemoryStreams streams, TimeSpan lease) : INodeExchange
{
    private readonly string _session = Guid.NewGuid().ToString();
    private int _appendsLeft = int.MaxValue;

    /// <summary>Bars of work that were reported.</summary>
    public NodeEvaluations Reported { get; private set; }

    /// <summary>Whether nothing gets through any more: no renewal, no release, no value.</summary>
    public bool IsSilent { get; private set; }

    /// <summary>Thrown by every call while it is set.</summary>
    public RefusalException? Failure { get; set; }

    /// <summary>Falls silent with append number <paramref name="appends"/>.</summary>
    public void SilentAfter(int appends) => _appendsLeft = appends;

    /// <summary>Falls silent now.</summary>
    public void Silence() => IsSilent = true;

    /// <summary>What was held up gets through after all: a zombie.</summary>
    public void Wake() => (_appendsLeft, IsSilent) = (int.MaxValue, false);

    public Task<IReadOnlyList<NodeGrant>> AcquireAsync(IReadOnlyList<NodeRequest> nodes, CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        return Task.FromResult<IReadOnlyList<NodeGrant>>([.. nodes.Select(node => streams.Acquire(_session, node.NodeId + "/" + node.Inputs, lease))]);
    }

    public Task<IReadOnlySet<string>> RenewAsync(NodeEvaluations usage, CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        Report(usage);
        return Task.FromResult(streams.Renew(_session, lease));
    }

    public Task ReleaseAsync(IReadOnlyList<string> streamIds, NodeEvaluations usage, CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        Report(usage);
        streams.Release(_session, streamIds);
        return Task.CompletedTask;
    }

    public async Task AppendAsync(IReadOnlyList<NodeBatch> batches, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        if (Interlocked.Decrement(ref _appendsLeft) < 0) IsSilent = true;
        ThrowIfFailing();
        streams.Append(_session, batches);
    }

    public async IAsyncEnumerable<NodeBatch> ReadAsync(IReadOnlyDictionary<string, long> from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        var next = from.ToDictionary(StringComparer.Ordinal);
        while (true)
        {
            ThrowIfFailing();
            var (found, changed) = streams.Read(next);
            foreach (var batch in found) yield return batch;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Report(NodeEvaluations usage) => Reported = new NodeEvaluations(Reported.Computed + usage.Computed, Reported.Saved + usage.Saved);

    private void ThrowIfFailing()
    {
        if (Failure is { } failure) throw failure;
        if (IsSilent) throw new RefusalException(ReasonCodes.Unavailable, "Nobody answers.");
    }
}
