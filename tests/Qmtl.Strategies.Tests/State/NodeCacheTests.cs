using System.Diagnostics.Metrics;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class NodeCacheTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Append_LateBarWithinTheWindow_IsInsertedInOrder()
    {
        var input = Input(period: 4);

        Append(input, 60, 180, 240);
        var write = input.Append(120 * Second, [2]);

        Assert.Equal(CacheWrite.Inserted, write);
        Assert.Equal([60, 120, 180, 240], Seconds(input.Window));
        Assert.Equal(240, input.Window.Latest());
        Assert.Equal(1, input.LateCount);
    }

    [Fact]
    public void Append_SameBucketAgain_ReplacesInPlace()
    {
        var input = Input(period: 3);

        Append(input, 60, 120, 180);
        var write = input.Append(185 * Second, [7]);

        Assert.Equal(CacheWrite.Replaced, write);
        Assert.Equal([60, 120, 180], Seconds(input.Window));
        Assert.Equal([60, 120, 7], input.Window[0].ToArray());
    }

    [Fact]
    public void Append_OlderThanTheWindow_IsDroppedAndCounted()
    {
        var input = Input(period: 3);

        Append(input, 60, 120, 180, 240);
        var write = input.Append(60 * Second, [1]);

        Assert.Equal(CacheWrite.Dropped, write);
        Assert.Equal(1, input.DroppedCount);
        Assert.Equal([120, 180, 240], Seconds(input.Window));
    }

    [Fact]
    public void Append_Gap_MarksMissingAndEvictsByTime()
    {
        var input = Input(period: 3);

        Append(input, 60, 120, 240);

        Assert.True(input.IsMissing);
        Assert.Equal([120, 240], Seconds(input.Window));
        Assert.False(input.IsFull);
        input.Append(180 * Second, [1]);
        Assert.False(input.IsMissing);
        Assert.True(input.IsFull);
        Assert.Equal(240 * Second, input.LastTime);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(59, 0)]
    [InlineData(60, 60)]
    [InlineData(-1, -60)]
    [InlineData(-60, -60)]
    public void BucketOf_AnyTime_IsTheStartOfItsInterval(long seconds, long bucket) => Assert.Equal(bucket * Second, Input(period: 1).BucketOf(seconds * Second));

    [Fact]
    public void Append_NotFinite_CountsAsMissing()
    {
        var input = Input(period: 2);

        input.Append(60 * Second, [double.PositiveInfinity]);
        input.Append(120 * Second, [double.NaN]);

        Assert.All(input.Window[0].ToArray(), value => Assert.True(double.IsNaN(value)));
    }

    [Fact]
    public void Append_WrongNumberOfValues_IsRefusedWithTheColumns()
    {
        var problem = Assert.Throws<ArgumentException>(() => Input(period: 2).Append(60 * Second, [1, 2]));

        Assert.Contains("close", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, new long[] { 60, 120, 180, 240 })]
    [InlineData(-2, null, new long[] { 180, 240 })]
    [InlineData(1, 3, new long[] { 120, 180 })]
    [InlineData(-3, -1, new long[] { 120, 180 })]
    [InlineData(3, 1, new long[0])]
    [InlineData(-99, 99, new long[] { 60, 120, 180, 240 })]
    public void Slice_Positions_CutLikeASlice(int? start, int? end, long[] expected)
    {
        var input = Input(period: 4);
        Append(input, 60, 120, 180, 240);

        Assert.Equal(expected, Seconds(input.Slice(start, end)));
    }

    [Fact]
    public void View_Newest_HasTheNewestBarsOldestFirst()
    {
        using var cache = Cache(period: 4);
        var input = cache.Add("up", 60, "close");
        Append(input, 60, 120, 180);

        Assert.Equal([120, 180], Seconds(cache.View.Newest(input, 2)));
        Assert.Equal([60, 120, 180], cache.View["up", 60]["close"].ToArray());
        Assert.Contains("close", Assert.Throws<RefusalException>(() => cache.View["up", 60]["open"].Length).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IsReady_AllWindowsFull_IsTrueOnlyThen()
    {
        using var cache = Cache(period: 2);
        Assert.False(cache.IsReady);
        var (a, b) = (cache.Add("a", 60, "close"), cache.Add("b", 60, "close"));

        Append(a, 60, 120);
        Append(b, 60);
        Assert.False(cache.IsReady);
        Append(b, 120);
        Assert.True(cache.IsReady);
    }

    [Fact]
    public void Watermark_SlowestInputLessLateness_IsNullUntilAllHaveABar()
    {
        using var cache = new NodeCache(new NodeCacheOptions { NodeId = "n", Period = 9, AllowedLateness = TimeSpan.FromSeconds(30) });
        var (a, b) = (cache.Add("a", 60, "close"), cache.Add("b", 60, "close"));
        Append(a, 300);

        Assert.Null(cache.Watermark);
        Append(b, 120);
        Assert.Equal(90 * Second, cache.Watermark);
    }

    [Theory]
    [InlineData(OnLate.Recompute, FeedOutcome.Corrected, new long[] { 60, 120, 180 })]
    [InlineData(OnLate.Ignore, FeedOutcome.Ignored, new long[] { 60, 180 })]
    [InlineData(OnLate.SideOutput, FeedOutcome.PutAside, new long[] { 60, 180 })]
    public void Feed_BehindTheWatermark_FollowsThePolicy(OnLate policy, FeedOutcome expected, long[] window)
    {
        using var cache = new NodeCache(new NodeCacheOptions { NodeId = "n", Period = 3, OnLate = policy });
        var input = cache.Add("up", 60, "close");
        Append(input, 60, 180);

        Assert.Equal(expected, cache.Feed(input, 121 * Second, [5]));
        Assert.Equal(window, Seconds(input.Window));
        var late = cache.TakeLateBars();
        Assert.Equal(policy == OnLate.SideOutput ? [120 * Second] : [], late.Select(bar => bar.Time));
        Assert.Empty(cache.TakeLateBars());
    }

    [Fact]
    public void Feed_WithinAllowedLateness_IsNotLate()
    {
        using var cache = new NodeCache(new NodeCacheOptions { NodeId = "n", Period = 3, OnLate = OnLate.Ignore, AllowedLateness = TimeSpan.FromSeconds(60) });
        var input = cache.Add("up", 60, "close");
        Append(input, 60, 180);

        Assert.Equal(FeedOutcome.Corrected, cache.Feed(input, 120 * Second, [5]));
    }

    [Fact]
    public void Feed_Gap_SkipsOrRefusesAsAsked()
    {
        using var cache = Cache(period: 2);
        var input = cache.Add("up", 60, "close");

        Assert.Equal(FeedOutcome.WarmingUp, cache.Feed(input, 60 * Second, [1]));
        Assert.Equal(FeedOutcome.Ready, cache.Feed(input, 120 * Second, [1]));
        Assert.Equal(FeedOutcome.MissingBar, cache.Feed(input, 240 * Second, [1]));
        var refusal = Assert.Throws<RefusalException>(() => cache.Feed(input, 360 * Second, [1], OnMissing.Fail));
        Assert.Equal(ReasonCodes.DataInvalid, refusal.Code);
        Assert.Contains("up", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Backfill_Overlap_LiveBarsWinAndRangesMerge()
    {
        using var cache = Cache(period: 5);
        var input = cache.Add("up", 60, "close");
        Append(input, 300);

        var taken = NodeCache.Backfill(input, [60 * Second, 120 * Second, 180 * Second, 300 * Second, 0], [1, 2, 3, -1, 0]);

        Assert.Equal(3, taken);
        Assert.Equal([60, 120, 180, 300], Seconds(input.Window));
        Assert.Equal([1, 2, 3, 300], input.Window[0].ToArray());
        Assert.True(input.IsMissing);
        Assert.Equal([(60 * Second, 180 * Second), (300 * Second, 300 * Second)], input.Ranges.All);
        NodeCache.Backfill(input, [240 * Second], [4]);
        Assert.False(input.IsMissing);
        Assert.True(cache.IsReady);
        Assert.Equal([(60 * Second, 300 * Second)], input.Ranges.All);
        Assert.Equal(0, input.LateCount);
    }

    [Fact]
    public void Activate_AnotherContext_ClearsAndCounts()
    {
        using var metrics = new StateMetrics(TimeProvider.System);
        var seen = new List<string>();
        using var listener = Listen((name, value, tags) =>
        {
            if (name == "cross_context_cache_hit_total") seen.Add(string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")) + $":{value}");
        });
        using var cache = new NodeCache(new NodeCacheOptions { NodeId = "cross-context-node", Period = 2, Metrics = metrics });
        var input = cache.Add("up", 60, "close");
        var backtest = new ComputeContext("w1", ExecutionDomain.Backtest, AsOf: "2025-01-01T00:00:00Z");

        Assert.False(cache.Activate(backtest));
        Append(input, 60, 120);
        Assert.False(cache.Activate(backtest));
        Assert.Equal(2, input.Count);
        Assert.True(cache.Activate(backtest with { Domain = ExecutionDomain.Live, AsOf = null }));

        Assert.Equal(0, input.Count);
        Assert.Equal(["node_id=cross-context-node,world_id=w1,execution_domain=live,as_of=__unset__,partition=__unset__:1"], seen.Where(line => line.Contains("cross-context-node", StringComparison.Ordinal)));
    }

    [Fact]
    public void InputWindowHash_OrderOfArrival_DoesNotMatterButContentDoes()
    {
        using var a = Cache(period: 3);
        using var b = Cache(period: 3);
        var (aOne, aTwo) = (a.Add("one", 60, "close"), a.Add("two", 300, "close"));
        var (bTwo, bOne) = (b.Add("two", 300, "close"), b.Add("one", 60, "close"));
        Append(aOne, 60, 120, 180);
        Append(bOne, 60, 180, 120);
        Append(aTwo, 300);
        Append(bTwo, 300);

        Assert.Equal(a.ComputeInputWindowHash(), b.ComputeInputWindowHash());
        bOne.Append(120 * Second, [double.NaN]);
        Assert.NotEqual(a.ComputeInputWindowHash(), b.ComputeInputWindowHash());
        Assert.Equal("""[{"columns":["close"],"interval":60,"rows":[[60,60.0],[120,null],[180,180.0]],"upstream":"one"},{"columns":["close"],"interval":300,"rows":[[300,300.0]],"upstream":"two"}]""", InputWindowHash.Json(b.Inputs));
        Assert.Equal("sha256:" + ContentHash.Sha256Hex(InputWindowHash.Json(b.Inputs)), b.ComputeInputWindowHash());
    }

    [Fact]
    public void ResidentBytes_LongHistory_StaysThatOfTheWindows()
    {
        using var cache = Cache(period: 100);
        var input = cache.Add("up", 60, "open", "high", "low", "close", "volume");
        var before = cache.ResidentBytes;

        for (var i = 0; i < 100_000; i++) input.Append(i * 60 * Second, [i, i, i, i, i]);

        Assert.Equal(100, input.Count);
        Assert.Equal(before, cache.ResidentBytes);
        Assert.Equal(2 * 100 * 6 * sizeof(double), before);
    }

    [Fact]
    public void Append_SteadyState_AllocatesNothing()
    {
        using var cache = Cache(period: 50);
        var input = cache.Add("up", 60, "open", "high", "low", "close", "volume");
        void Step(int i)
        {
            ReadOnlySpan<double> row = [i, i, i, i, i];
            cache.Feed(input, i * 60 * Second, row);
            if (i % 10 == 9) cache.Feed(input, (i - 3) * 60 * Second, row);
        }

        for (var i = 0; i < 1000; i++) Step(i);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1000; i < 20_000; i++) Step(i);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Metrics_Observed_ReportBytesReadsAndWarmUp()
    {
        var seen = new List<string>();
        using var metrics = new StateMetrics(TimeProvider.System);
        using var listener = Listen((name, value, tags) => seen.Add($"{name} {string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))} {value}"));
        using var cache = new NodeCache(new NodeCacheOptions { NodeId = "metered-node", Period = 1, Metrics = metrics });
        var input = cache.Add("metered-upstream", 60, "close");

        cache.Feed(input, 60 * Second, [1]);
        cache.Feed(input, 120 * Second, [1]);
        _ = cache.View[input];
        listener.RecordObservableInstruments();

        Assert.Contains("warmup_ready_nodes_total node_id=metered-node 1", seen);
        Assert.Single(seen, line => line.StartsWith("warmup_ready_nodes_total node_id=metered-node", StringComparison.Ordinal));
        Assert.Contains("nodecache_resident_bytes node_id=metered-node,scope=node 32", seen);
        Assert.Contains("nodecache_resident_bytes node_id=all,scope=total 32", seen);
        Assert.Contains("cache_read_total upstream_id=metered-upstream,interval=60 1", seen);
        Assert.Contains(seen, line => line.StartsWith("cache_last_read_timestamp upstream_id=metered-upstream,interval=60 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Add_Mistakes_AreRefusedByName()
    {
        using var cache = Cache(period: 2);
        cache.Add("up", 60, "close");

        Assert.Contains("already", Assert.Throws<RefusalException>(() => cache.Add("up", 60, "close")).Message, StringComparison.Ordinal);
        Assert.Contains("86400", Assert.Throws<RefusalException>(() => cache.Add("up", 0, "close")).Message, StringComparison.Ordinal);
        Assert.Contains("up@1m", Assert.Throws<RefusalException>(() => cache["down", 60]).Message, StringComparison.Ordinal);
        Assert.Throws<RefusalException>(() => Cache(period: 0));
        Assert.True(cache.Drop("up", 60));
        Assert.False(cache.Drop("up", 60));
    }

    private static NodeCache Cache(int period) => new(new NodeCacheOptions { NodeId = "n", Period = period });

    private static CacheInput Input(int period) => new("up", 60, period, ["close"]);

    private static void Append(CacheInput input, params ReadOnlySpan<long> seconds)
    {
        foreach (var second in seconds) input.Append(second * Second, [second]);
    }

    private static long[] Seconds(CacheWindow window) => [.. window.Times.ToArray().Select(time => time / Second)];

    private delegate void Seen(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    private static MeterListener Listen(Seen seen)
    {
        var listener = new MeterListener { InstrumentPublished = (instrument, l) => l.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen(instrument.Name, value, tags));
        listener.Start();
        return listener;
    }
}
