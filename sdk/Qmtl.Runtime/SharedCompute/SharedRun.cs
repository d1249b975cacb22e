using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>A run over recorded bars that computes its share of the nodes and reads the rest from other sessions.</summary>
/// <remarks>
/// The result is that of a run alone, bit for bit, whatever happens to others: values are read only if their producer had the same inputs up to that bar,
/// and what cannot be read is computed. When the share changes (a producer fell silent, values do not fit) the run begins again at its first bar with
/// another cut: kernels get their state back from the inputs, blocks that were handed over are not handed over again, and values that are published
/// already are not published again.
/// </remarks>
internal sealed class SharedRun(StrategyGraph graph, MarketData data, INodeExchange exchange, SharingOptions options, TimeProvider time)
{
    /// <summary>Bars of a block. Part of the contract between sessions: values are compared block by block.</summary>
    public const int BlockLength = 1024;

    private readonly SharedNodes _nodes = new(graph, data, BlockLength);
    private readonly int _allNodes = ComputePlan.For(graph).NodesComputed;
    private long _computed;
    private long _saved;
    private long _reportedComputed;
    private long _reportedSaved;
    private IReadOnlyList<string> _held = [];
    private int _handedOver;
    private GraphCut? _cut;

    /// <summary>Runs to the last bar.</summary>
    /// <param name="play">Takes each block once, in order: the run that holds its values, its first bar and its length.</param>
    /// <param name="cancellationToken">Stops between two blocks, or while waiting.</param>
    public async Task<SharingReport> RunAsync(Action<PlanRun, int, int> play, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(cancellationToken).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var publisher = new NodePublisher(exchange, time, cancellationToken);
        var renewing = opened ? RenewAsync(publisher, ended.Token) : Task.CompletedTask;
        try
        {
            while (!await PassAsync(publisher, play, cancellationToken).ConfigureAwait(false))
            {
                // What is under way must stand before anybody asks how far the streams are.
                await publisher.FlushAsync(cancellationToken).ConfigureAwait(false);
            }

            await publisher.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await publisher.DisposeAsync().ConfigureAwait(false);
            await ended.CancelAsync().ConfigureAwait(false);
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (opened) await CloseAsync().ConfigureAwait(false);
        }

        return Report(publisher);
    }

    private async Task<bool> OpenAsync(CancellationToken cancellationToken)
    {
        if (!_nodes.HasAny) return false;
        try
        {
            await _nodes.AcquireAsync(exchange, isFirst: true, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RefusalException refusal)
        {
            _nodes.ComputeAlone(refusal);
            return false;
        }
    }

    /// <summary>Runs with the present share.</summary>
    /// <returns>False when the share changed before the last bar.</returns>
    private async Task<bool> PassAsync(NodePublisher publisher, Action<PlanRun, int, int> play, CancellationToken cancellationToken)
    {
        var cut = _cut = GraphCut.Of(graph, _nodes.Readable, _nodes.Offerable);
        await SpareAsync(cut, cancellationToken).ConfigureAwait(false);
        var plan = ComputePlan.For(cut);
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start(BlockLength);
        var feed = new NodeFeed(exchange, [.. cut.Read.Select(index => _nodes.GrantOf(index).StreamId)], time, cancellationToken);
        await using (feed.ConfigureAwait(false))
        {
            for (var start = 0; start < data.Count; start += BlockLength)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var length = Math.Min(BlockLength, data.Count - start);
                binding.Load(run, start, length);
                run.Begin(length);
                var block = new SharedBlock(cut, start, length);
                if (!await ComputeAsync(run, block, feed, publisher, cancellationToken).ConfigureAwait(false)) return false;
                Interlocked.Add(ref _computed, (long)cut.NodesComputed * length);
                if (start < _handedOver) continue;
                play(run, start, length);
                _handedOver = start + length;
                Interlocked.Add(ref _saved, (long)(_allNodes - cut.NodesComputed) * length);
            }
        }

        return true;
    }

    /// <summary>Computes a block: each group as soon as what it waits for is there.</summary>
    /// <returns>False when the share changed.</returns>
    private async Task<bool> ComputeAsync(PlanRun run, SharedBlock block, NodeFeed feed, NodePublisher publisher, CancellationToken cancellationToken)
    {
        var waited = TimeSpan.Zero;
        while (true)
        {
            if (!TryTake(run, block, feed, out var progressed)) return false;
            foreach (var group in block.TakeReady())
            {
                run.ProcessGroup(group);
                progressed = true;
                await PublishAsync(run, block, group, publisher, cancellationToken).ConfigureAwait(false);
            }

            if (block.IsDone) return true;
            if (progressed)
            {
                waited = TimeSpan.Zero;
                continue;
            }

            try
            {
                if (await feed.WaitAsync(options.Glance, cancellationToken).ConfigureAwait(false)) continue;
                waited += options.Glance;
                if (await StarvedAsync(block, waited, publisher, cancellationToken).ConfigureAwait(false)) return false;
            }
            catch (RefusalException refusal)
            {
                foreach (var index in block.Missing) _nodes.ComputeAlone(index, $"{refusal.Code}: {refusal.Detail}");
                return false;
            }
        }
    }

    /// <summary>Takes what has come for a block.</summary>
    /// <returns>False when values came that this session would not have computed.</returns>
    private bool TryTake(PlanRun run, SharedBlock block, NodeFeed feed, out bool any)
    {
        any = false;
        foreach (var index in block.Missing.ToArray())
        {
            if (!feed.TryTake(_nodes.GrantOf(index).StreamId, out var batch)) continue;
            if (!_nodes.Fits(index, batch, block.Start, block.Length))
            {
                _nodes.ComputeAlone(index, $"{ReasonCodes.NodeValuesConflict}: values of {_nodes[index].NodeId} are of other inputs or other blocks");
                return false;
            }

            for (var output = 0; output < batch.Columns.Count; output++) batch.Columns[output].CopyTo(run.Read(index, output));
            block.Arrived(index);
            any = true;
        }

        return true;
    }

    private async Task PublishAsync(PlanRun run, SharedBlock block, int group, NodePublisher publisher, CancellationToken cancellationToken)
    {
        foreach (var index in block.OfferedBy(group))
        {
            var grant = _nodes.GrantOf(index);
            var end = block.Start + block.Length;
            if (grant.NextBar >= end || publisher.Lost.ContainsKey(grant.StreamId)) continue;
            var first = (int)Math.Max(grant.NextBar, block.Start);
            var columns = new double[_nodes[index].Outputs][];
            for (var output = 0; output < columns.Length; output++) columns[output] = run.Offered(index, output)[(first - block.Start)..block.Length].ToArray();
            await publisher.PublishAsync(new NodeBatch(grant.StreamId, grant.Epoch, first, data.Times[first], _nodes.HashAt(index, end), columns), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Nothing came for a while: takes over what nobody computes, and after some time what nobody gets on with.</summary>
    /// <returns>Whether the share changed.</returns>
    private async Task<bool> StarvedAsync(SharedBlock block, TimeSpan waited, NodePublisher publisher, CancellationToken cancellationToken)
    {
        await publisher.FlushAsync(cancellationToken).ConfigureAwait(false);
        foreach (var index in block.OfferedNodes)
        {
            if (publisher.Lost.TryGetValue(_nodes.GrantOf(index).StreamId, out var reason)) _nodes.ComputeAlone(index, reason);
        }

        if (await _nodes.AcquireAsync(exchange, isFirst: false, cancellationToken).ConfigureAwait(false)) return true;
        if (waited < options.Patience) return false;
        foreach (var index in block.Missing) _nodes.ComputeAlone(index, $"{ReasonCodes.Timeout}: the producer of {_nodes[index].NodeId} did not get on for {options.Patience.TotalSeconds:0.#} s");
        return true;
    }

    private async Task SpareAsync(GraphCut cut, CancellationToken cancellationToken)
    {
        var spare = _nodes.Spare(cut);
        Volatile.Write(ref _held, [.. cut.Offered.Select(index => _nodes.GrantOf(index).StreamId)]);
        if (spare.Count == 0) return;
        try
        {
            await exchange.ReleaseAsync(spare, default, cancellationToken).ConfigureAwait(false);
        }
        catch (RefusalException)
        {
            // Their leases end by themselves.
        }
    }

    /// <summary>Keeps the session until the run ends, and stops publishing what it no longer holds.</summary>
    private async Task RenewAsync(NodePublisher publisher, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Glance, time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            // Before the call: what is acquired while it is under way is not in its answer.
            var held = Volatile.Read(ref _held);
            try
            {
                var kept = await exchange.RenewAsync(NextReport(), cancellationToken).ConfigureAwait(false);
                foreach (var stream in held)
                {
                    if (!kept.Contains(stream)) publisher.Drop(stream, ReasonCodes.LeaseFenced);
                }
            }
            catch (RefusalException)
            {
                // Who cannot renew loses its leases, and what it publishes then is refused.
            }
        }
    }

    private async Task CloseAsync()
    {
        try
        {
            // Also when the run was stopped: others need not wait for the leases to end.
            await exchange.ReleaseAsync([], NextReport(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (RefusalException)
        {
            // The leases end by themselves.
        }
    }

    /// <summary>The work since the last report. A report that is lost is not made up for: the figures are for operators, not for accounts.</summary>
    private NodeEvaluations NextReport()
    {
        var (computed, saved) = (Interlocked.Read(ref _computed), Interlocked.Read(ref _saved));
        return new NodeEvaluations(computed - Interlocked.Exchange(ref _reportedComputed, computed), saved - Interlocked.Exchange(ref _reportedSaved, saved));
    }

    private SharingReport Report(NodePublisher publisher) => new()
    {
        Nodes = _allNodes,
        NodesRead = _cut!.Read.Count,
        NodesComputed = _cut.NodesComputed,
        NodesPublished = _cut.Offered.Count(index => !publisher.Lost.ContainsKey(_nodes.GrantOf(index).StreamId)),
        NodesTakenOver = _nodes.TakenOver,
        EvaluationsComputed = _computed,
        EvaluationsSaved = _saved,
        ReuseRatio = _allNodes == 0 ? 0 : (double)_saved / ((long)_allNodes * data.Count),
        Fallbacks = [.. _nodes.Fallbacks.Concat(publisher.Lost.Values).Distinct(StringComparer.Ordinal)],
    };
}
