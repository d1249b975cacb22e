using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class SnapshotTests : IDisposable
{
    private static readonly ComputeContext Context = new("w/1", ExecutionDomain.Backtest);
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-snapshots-").FullName;

    [Fact]
    public async Task File_RoundTrip_KeepsEveryBit()
    {
        var (plan, run) = Warm(200);
        var snapshot = RunSnapshot.Take(plan, run, 42, TimeProvider.System);

        var read = await Read(await Bytes(snapshot));

        Assert.Equal(snapshot.State.ToArray(), read.State.ToArray());
        Assert.Equivalent(snapshot.Meta, read.Meta, strict: true);
        Assert.Equal(42, read.Meta.Watermark);
        Assert.Equal(plan.Graph.Nodes.Select(node => node.NodeId), read.Meta.Nodes.Select(node => node.Key));
    }

    [Fact]
    public async Task Hydrate_OtherRun_GoesOnWithTheSameBits()
    {
        var bars = new RandomBars(9, 400);
        var (plan, run) = Warm(200, bars);
        var read = await Read(await Bytes(RunSnapshot.Take(plan, run, 0, TimeProvider.System)));
        var (samePlan, other) = Warm(0);

        read.Hydrate(samePlan, other, RuntimeCompat.Strict);
        Drive(plan, run, bars, 200, 400);
        Drive(samePlan, other, bars, 200, 400);

        Assert.True(run.State.SequenceEqual(other.State));
        Assert.Equal(BitConverter.DoubleToInt64Bits(run.Values(plan.Graph.Outputs[0].Index)[0]), BitConverter.DoubleToInt64Bits(other.Values(samePlan.Graph.Outputs[0].Index)[0]));
    }

    [Fact]
    public async Task Read_AnyByteChanged_IsRefused()
    {
        var (plan, run) = Warm(50);
        var bytes = await Bytes(RunSnapshot.Take(plan, run, 0, TimeProvider.System));

        for (var i = 0; i < bytes.Length; i += 7)
        {
            var altered = (byte[])bytes.Clone();
            altered[i] ^= 0x10;
            var refusal = await Assert.ThrowsAsync<RefusalException>(() => Read(altered));
            Assert.Contains(refusal.Code, new[] { ReasonCodes.SnapshotHashMismatch, ReasonCodes.SnapshotInvalid });
        }
    }

    [Fact]
    public async Task Read_TornAnywhere_IsRefused()
    {
        var (plan, run) = Warm(50);
        var bytes = await Bytes(RunSnapshot.Take(plan, run, 0, TimeProvider.System));

        for (var length = 0; length < bytes.Length; length += 5) await Assert.ThrowsAsync<RefusalException>(() => Read(bytes[..length]));
        await Assert.ThrowsAsync<RefusalException>(() => Read([.. bytes, 0]));
    }

    [Fact]
    public void Hydrate_OtherPlan_IsRefusedNamingTheNode()
    {
        var (plan, run) = Warm(10);
        var other = Compute.PlanOf(p => p.Close.Sma(7));

        var refusal = Assert.Throws<RefusalException>(() => RunSnapshot.Take(plan, run, 0, TimeProvider.System).Hydrate(other, other.Start(1), RuntimeCompat.Loose));

        Assert.Equal(ReasonCodes.SnapshotInvalid, refusal.Code);
        Assert.Equal("/meta/nodes", Assert.Single(refusal.Errors).Pointer);
    }

    [Fact]
    public void Hydrate_OtherShardOfThePlan_IsRefused()
    {
        var builder = new StrategyBuilder("test", new Universe(["X", "Y"], 60));
        builder.Output("x", builder.Price("X").Close.Sma(5));
        builder.Output("y", builder.Price("Y").Close.Sma(5));
        var shards = ComputePlan.For(builder.ToGraph()).Shards(2);
        Assert.Equal(2, shards.Count);
        var snapshot = RunSnapshot.Take(shards[0], shards[0].Start(1), 0, TimeProvider.System);

        snapshot.Hydrate(shards[0], shards[0].Start(1), RuntimeCompat.Strict);
        Assert.Equal("/meta/plan_id", Assert.Throws<RefusalException>(() => snapshot.Hydrate(shards[1], shards[1].Start(1), RuntimeCompat.Loose)).Errors.Single().Pointer);
    }

    [Fact]
    public void Hydrate_OtherRuntime_IsRefusedInStrictModeOnly()
    {
        var (plan, run) = Warm(10);
        var taken = RunSnapshot.Take(plan, run, 0, TimeProvider.System);
        var foreign = new RunSnapshot(taken.Meta with { RuntimeFingerprint = "blake3:00" }, taken.State.ToArray());

        foreign.Hydrate(plan, plan.Start(1), RuntimeCompat.Loose);
        var refusal = Assert.Throws<RefusalException>(() => foreign.Hydrate(plan, plan.Start(1), RuntimeCompat.Strict));

        Assert.Equal("/meta/runtime_fingerprint", Assert.Single(refusal.Errors).Pointer);
    }

    [Fact]
    public void Fingerprint_OtherOperators_Differs()
    {
        Assert.Equal(RuntimeFingerprint.Of(Compute.PlanOf(p => p.Close.Sma(7))), RuntimeFingerprint.Of(Compute.PlanOf(p => p.Open.Sma(9))));
        Assert.NotEqual(RuntimeFingerprint.Of(Compute.PlanOf(p => p.Close.Sma(7))), RuntimeFingerprint.Of(Compute.PlanOf(p => p.Close.Shift(7))));
    }

    [Fact]
    public async Task Directory_Save_KeepsTheNewestAndLeavesNothingElse()
    {
        var (plan, run) = Warm(10);
        var store = new SnapshotDirectory(_folder, Context, TimeProvider.System, keep: 2);

        foreach (var watermark in new long[] { 30, 10, 20, 40 }) await store.SaveAsync(RunSnapshot.Take(plan, run, watermark, TimeProvider.System));

        var files = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories);
        Assert.Equal(["00000000000000000030.snapshot", "00000000000000000040.snapshot"], files.Select(Path.GetFileName).Order());
        Assert.All(files, file => Assert.Contains(Path.Combine("world=w%2F1", "execution_domain=backtest"), file, StringComparison.Ordinal));
        Assert.Equal(40, (await store.HydrateAsync(plan, plan.Start(1), RuntimeCompat.Strict)).Watermark);
        Assert.Equal(30, (await store.HydrateAsync(plan, plan.Start(1), RuntimeCompat.Strict, notAfter: 39)).Watermark);
    }

    [Fact]
    public async Task Directory_NewestIsDamaged_GoesOnFromTheOneBefore()
    {
        var (plan, run) = Warm(10);
        var store = new SnapshotDirectory(_folder, Context, TimeProvider.System);
        await store.SaveAsync(RunSnapshot.Take(plan, run, 10, TimeProvider.System));
        await store.SaveAsync(RunSnapshot.Take(plan, run, 20, TimeProvider.System));
        var newest = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        await using (var file = new FileStream(newest, FileMode.Open)) file.SetLength(file.Length / 2);

        var hydration = await store.HydrateAsync(plan, plan.Start(1), RuntimeCompat.Strict);

        Assert.Equal(10, hydration.Watermark);
        Assert.Single(hydration.Refused);
    }

    [Fact]
    public async Task Directory_AnotherContext_SeesNothing()
    {
        var (plan, run) = Warm(10);
        await new SnapshotDirectory(_folder, Context, TimeProvider.System).SaveAsync(RunSnapshot.Take(plan, run, 10, TimeProvider.System));

        var hydration = await new SnapshotDirectory(_folder, Context with { Domain = ExecutionDomain.Live }, TimeProvider.System).HydrateAsync(plan, plan.Start(1), RuntimeCompat.Loose);

        Assert.Null(hydration.Watermark);
        Assert.Empty(hydration.Refused);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (ComputePlan Plan, PlanRun Run) Warm(int count, RandomBars? bars = null)
    {
        var plan = Compute.PlanOf(p => p.Close.Sma(20) - p.High.Shift(5).Sma(3));
        var run = plan.Start(1);
        Drive(plan, run, bars ?? new RandomBars(1, count), 0, count);
        return (plan, run);
    }

    private static void Drive(ComputePlan plan, PlanRun run, RandomBars bars, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            for (var source = 0; source < plan.Sources.Count; source++) run.Source(source)[0] = bars[plan.Sources[source].Column][i];
            run.Process(1);
        }
    }

    private static async Task<byte[]> Bytes(RunSnapshot snapshot)
    {
        using var stream = new MemoryStream();
        var written = await SnapshotFile.WriteAsync(stream, snapshot);
        Assert.Equal(written, stream.Length);
        return stream.ToArray();
    }

    private static Task<RunSnapshot> Read(byte[] bytes) => SnapshotFile.ReadAsync(new MemoryStream(bytes));
}
