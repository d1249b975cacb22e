using Qmtl.Identity;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.Data.Tests;

public sealed class FeatureArtifactTests : IDisposable
{
    private static readonly FeatureArtifactKey Key = new("blake3:aa", 60, "c1", "BTC/USDT", "sha256:00");
    private static readonly long[] Times = [10, 20, 30, 40];
    private static readonly double[] Values = [1, 2, 3, 4];
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-features-").FullName;
    private readonly ManualClock _clock = new();

    private FeatureArtifactDirectory Store => new(_folder, _clock);

    [Fact]
    public async Task Read_Range_IsOrderedAndIncludesBothEnds()
    {
        await Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, new[] { 1, double.NaN, 3, 4 });

        var all = (await Store.ReadAsync(Key))!;
        var part = (await Store.ReadAsync(Key, 20, 30))!;

        Assert.Equal([10, 30, 40], all.Times.ToArray());
        Assert.Equal([1, 3, 4], all.Values.ToArray());
        Assert.Equal([30], part.Times.ToArray());
        Assert.Equal([3], part.Values.ToArray());
        Assert.Empty((await Store.ReadAsync(Key, 100, 50))!.Times.ToArray());
    }

    [Theory]
    [InlineData(ExecutionDomain.Live)]
    [InlineData(ExecutionDomain.Shadow)]
    public async Task Write_LiveDomain_IsRefusedAndWritesNothing(ExecutionDomain domain)
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Store.WriteAsync(domain, Key, Times, Values));

        Assert.Equal(ReasonCodes.ArtifactReadOnly, refusal.Code);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
        Assert.Throws<RefusalException>(() => new FeatureArtifactDirectory(_folder, _clock, [domain]));
    }

    [Fact]
    public async Task Write_SameAgain_IsTheSameVersionAndOtherNumbersAreTheNext()
    {
        var first = await Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, Values);
        var again = await Store.WriteAsync(ExecutionDomain.Dryrun, Key, Times, Values);
        var other = await Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, new double[] { 1, 2, 3, 5 });

        Assert.Equal((1, 1, 2), (first.Version, again.Version, other.Version));
        Assert.Equal(first, again);
        Assert.Equal(Values, (await Store.ReadAsync(Key, version: 1))!.Values.ToArray());
        Assert.Equal(5, (await Store.ReadAsync(Key))!.Values.Span[^1]);
        Assert.Null(await Store.ReadAsync(Key, version: 9));
    }

    [Fact]
    public async Task Write_ManyAtOnce_GivesEachItsVersionAndLosesNone()
    {
        var written = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, new double[] { i, i, i, i }))));

        Assert.Equal(Enumerable.Range(1, 16), written.Select(info => info.Version).Order());
        foreach (var info in written) Assert.Equal(info, (await Store.ReadAsync(Key, version: info.Version))!.Info);
        Assert.Empty(Directory.GetFiles(_folder, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Read_OtherData_IsRefusedAndUnknownIsNull()
    {
        await Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, Values);

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Store.ReadAsync(Key with { DatasetFingerprint = "sha256:ff" }));

        Assert.Equal(ReasonCodes.FingerprintMismatch, refusal.Code);
        Assert.Contains("sha256:00", refusal.Detail, StringComparison.Ordinal);
        Assert.Null(await Store.ReadAsync(Key with { Instrument = "ETH" }));
    }

    [Fact]
    public async Task Read_MovedOrAlteredFile_IsRefused()
    {
        await Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, Values);
        var file = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Single();
        var moved = file.Replace("sha256%3A00", "sha256%3Aff", StringComparison.Ordinal);
        Directory.CreateDirectory(Path.GetDirectoryName(moved)!);
        File.Copy(file, moved);
        Assert.Equal(ReasonCodes.FingerprintMismatch, (await Assert.ThrowsAsync<RefusalException>(() => Store.ReadAsync(Key with { DatasetFingerprint = "sha256:ff" }))).Code);

        var bytes = await File.ReadAllBytesAsync(file);
        for (var i = 0; i < bytes.Length; i += 11)
        {
            var altered = (byte[])bytes.Clone();
            altered[i] ^= 1;
            await File.WriteAllBytesAsync(file, altered);
            await Assert.ThrowsAsync<RefusalException>(() => Store.ReadAsync(Key));
            await File.WriteAllBytesAsync(file, bytes[..i]);
            await Assert.ThrowsAsync<RefusalException>(() => Store.ReadAsync(Key));
        }
    }

    [Fact]
    public async Task Write_UnorderedTimesOrEmptyKey_AreRefused()
    {
        Assert.Equal("/times/1", (await Assert.ThrowsAsync<RefusalException>(() => Store.WriteAsync(ExecutionDomain.Backtest, Key, new long[] { 5, 5 }, new double[] { 1, 2 }))).Errors.Single().Pointer);
        Assert.Equal("/key/instrument", (await Assert.ThrowsAsync<RefusalException>(() => Store.WriteAsync(ExecutionDomain.Backtest, Key with { Instrument = " " }, Times, Values))).Errors.Single().Pointer);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, new double[] { 1 }));
    }

    [Fact]
    public async Task Collect_VersionsAndAge_DeleteWhatIsNotKept()
    {
        for (var i = 0; i < 4; i++)
        {
            await Store.WriteAsync(ExecutionDomain.Backtest, Key, Times, new double[] { i, i, i, i });
            _clock.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(2, await Store.CollectAsync(new FeatureRetention(KeepVersions: 2)));
        Assert.Null(await Store.ReadAsync(Key, version: 2));
        Assert.Equal(1, await Store.CollectAsync(new FeatureRetention(2, TimeSpan.FromDays(1.5))));
        Assert.Equal(4, (await Store.ReadAsync(Key))!.Info.Version);
        Assert.Equal(1, await Store.CollectAsync(new FeatureRetention(2, TimeSpan.Zero)));
        Assert.Null(await Store.ReadAsync(Key));
    }

    [Fact]
    public async Task WriteArtifacts_MarkedSeries_ReadBackAsTheyWereComputed()
    {
        var bars = SyntheticBars.Generate(new SyntheticOptions { Instrument = "X", Count = 300, Seed = 2 });
        var data = MarketData.Of(bars);
        var graph = new Marked().Compile(data.Universe);

        var written = await FeatureArtifacts.WriteAsync(Store, ExecutionDomain.Backtest, graph, data, "sha256:00");

        var info = Assert.Single(written);
        Assert.Equal((graph.Outputs.Single(output => output.Name == "trend").NodeId, "X", 281), (info.Key.Factor, info.Key.Instrument, info.Count));
        var series = (await Store.ReadAsync(info.Key))!;
        var close = bars.FindColumn("close")!.Value.ToArray();
        Assert.Equal(bars.Times[19..].ToArray(), series.Times.ToArray());
        Assert.All(Enumerable.Range(0, 281), i => Assert.Equal(close.AsSpan(i, 20).ToArray().Average(), series.Values.Span[i], 9));
        Assert.Equal(info, Assert.Single(await FeatureArtifacts.WriteAsync(Store, ExecutionDomain.Backtest, new Marked().Compile(data.Universe), data, "sha256:00")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed class Marked : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            var close = s.Price().Close;
            s.Artifact("trend", close.Sma(20));
            s.Target(When(close > close.Sma(20), 1.0, 0.0));
        }
    }
}
