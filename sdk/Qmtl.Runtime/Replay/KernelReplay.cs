using Qmtl.Core;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>The replay that drives the compute engine and the fill kernel directly, block by block.</summary>
/// <remarks>
/// For each bar: what waits is filled at the open; positions are marked at the close; the strategy's targets of that close are taken (and,
/// with <see cref="FillAt.Close"/>, filled there); equity is recorded. Signals are computed a block ahead of the account, which is no look-ahead:
/// a kernel sees the past of its own bar only, and block length one gives the same bits.
/// </remarks>
public sealed class KernelReplay(TimeProvider time) : IReplay
{
    /// <summary>A replay that takes elapsed time from the system.</summary>
    public KernelReplay()
        : this(TimeProvider.System)
    {
    }

    /// <inheritdoc/>
    public ReplayResult Run(Strategy strategy, MarketData data, ReplayOptions options, CancellationToken ct = default)
    {
        ReplayOptionsCheck.ThrowIfRefused(options);
        var graph = strategy.Compile(data.Universe);
        if (graph.Targets.Count == 0) throw ReplayRefusal.NoTarget(strategy.Name);
        var started = time.GetTimestamp();
        using var run = new Session(graph, data, options);
        run.Play(ct);
        return ResultBuilder.Build(strategy, data, options, graph, run.Finish(), time.GetElapsedTime(started));
    }

    private sealed class Session : IDisposable
    {
        private readonly MarketData _data;
        private readonly ReplayOptions _options;
        private readonly ReplayEvents _events;
        private readonly ReplayRecorder _recorder;
        private readonly TargetTrader _trader;
        private readonly Account _account;
        private readonly FillKernel _kernel;
        private readonly ComputePlan _plan;
        private readonly int[] _targetOf;
        private readonly ReadOnlyMemory<double>[] _opens;
        private readonly ReadOnlyMemory<double>[] _closes;
        private readonly Price[] _prices;
        private readonly double[] _equity;
        private readonly double[] _weights;
        private long _exposedBars;

        public Session(StrategyGraph graph, MarketData data, ReplayOptions options)
        {
            _data = data;
            _options = options;
            var terms = new FillTerms(Rate.FromBasisPoints(options.CommissionBps), Rate.FromBasisPoints(options.SlippageBps), Rate.FromDecimal(options.Leverage));
            _account = new Account(Money.FromDecimal(options.Cash), data.Instruments.Count);
            _kernel = new FillKernel(_account, terms);
            _events = new ReplayEvents(options.EventStream);
            _recorder = new ReplayRecorder(_events);
            _trader = new TargetTrader(_kernel, _recorder, options);
            _plan = ComputePlan.For(graph);
            _targetOf = [.. graph.Targets.Select(target => data.Instruments.Index().First(i => string.Equals(i.Item, target.Instrument, StringComparison.Ordinal)).Index)];
            _opens = [.. data.Aligned.Select(series => series.FindColumn("open")!.Value)];
            _closes = [.. data.Aligned.Select(series => series.FindColumn("close")!.Value)];
            _prices = new Price[data.Instruments.Count];
            _equity = new double[data.Count];
            _weights = new double[data.Count];
            _events.Opened(data.Instruments, _account.InitialCash, terms);
        }

        public void Play(CancellationToken ct)
        {
            var binding = ColumnBinding.Bind(_plan, _data.Aligned);
            var run = _plan.Start(_options.BlockLength);
            for (var start = 0; start < _data.Count; start += run.BlockLength)
            {
                ct.ThrowIfCancellationRequested();
                var length = Math.Min(run.BlockLength, _data.Count - start);
                binding.Load(run, start, length);
                run.Process(length);
                for (var i = 0; i < length; i++) PlayBar(run, start + i, i);
            }
        }

        public SessionRecord Finish()
        {
            var last = _data.Count - 1;
            if (_options.CloseAtEnd && _account.OpenPositions > 0)
            {
                for (var i = 0; i < _prices.Length; i++) _trader.Close(i, _account.MarkOf(i), last, _data.Times[last]);
                _equity[last] = _account.Equity.ToDouble();
            }

            return new SessionRecord(_account, _kernel, _recorder, _equity, _weights, _exposedBars, _events.Closed(_data.Count, _kernel.Fills, _account));
        }

        public void Dispose() => _events.Dispose();

        private void PlayBar(PlanRun run, int bar, int inBlock)
        {
            if (_trader.HasPending) Fill(_opens, "open", bar);
            if (_account.OpenPositions > 0) MarkAtClose(bar);

            var time = _data.Times[bar];
            for (var i = 0; i < _targetOf.Length; i++) _trader.Request(_targetOf[i], run.Values(_plan.Graph.Targets[i].Index)[inBlock], bar, time);
            if (_options.Fill == FillAt.Close && _trader.HasPending)
            {
                Fill(_closes, "close", bar);
                // A fill marks at its own price, which slippage has moved; the bar is marked at its close.
                MarkAtClose(bar);
            }

            var equity = _account.Equity.ToDouble();
            _equity[bar] = equity;
            if (_account.OpenPositions == 0) return;
            _exposedBars++;
            if (equity > 0) _weights[bar] = _account.MarketValue.ToDouble() / equity;
        }

        private void Fill(ReadOnlyMemory<double>[] columns, string column, int bar)
        {
            for (var i = 0; i < _prices.Length; i++) _prices[i] = PriceOf(columns[i].Span[bar], i, column, bar);
            _trader.Execute(_prices, bar, _data.Times[bar]);
        }

        private void MarkAtClose(int bar)
        {
            for (var i = 0; i < _prices.Length; i++)
            {
                var price = PriceOf(_closes[i].Span[bar], i, "close", bar);
                if (price.Ticks != 0) _account.Mark(i, price);
            }
        }

        /// <summary>The price on the grid; zero ticks for a missing bar.</summary>
        private Price PriceOf(double value, int instrument, string column, int bar)
        {
            if (double.IsNaN(value)) return default;
            return Price.TryFromDouble(value, out var price) && price.Ticks > 0
                ? price
                : throw ReplayRefusal.Price(_data.Instruments[instrument], column, value, _data.Times[bar]);
        }
    }
}

/// <summary>What a finished session hands over to be measured.</summary>
internal sealed record SessionRecord(Account Account, FillKernel Kernel, ReplayRecorder Recorder, double[] Equity, double[] Weights, long ExposedBars, string Digest);
