namespace Qmtl.Identity.Tests;

public sealed class DatasetFingerprintTests
{
    private const string Golden = "sha256:09d4f311fcf729036ea3277df0d67d13a301645b86942e606c906c2709147fa2";
    private static readonly FrameMetadata Metadata = new("ohlcv:binance:BTC/USDT:1m", 60, 60, 120);

    [Fact]
    public void Compute_GoldenFrame_GivesTheGoldenFingerprint() => Assert.Equal(Golden, DatasetFingerprint.Compute(Metadata, [120, 60], Columns([2, 1], [3.5, 2.5], [1.25, 0.5], [3, 2], [10, double.NaN])));

    [Fact]
    public void Compute_RowsAndColumnsInAnotherOrder_IsTheSame()
    {
        var columns = Columns([1, 2], [2.5, 3.5], [0.5, 1.25], [2, 3], [double.NaN, 10]);
        Assert.Equal(Golden, DatasetFingerprint.Compute(Metadata, [60, 120], [.. columns.Reverse()]));
    }

    [Fact]
    public void Compute_OneChangedBit_IsAnother() =>
        Assert.NotEqual(Golden, DatasetFingerprint.Compute(Metadata, [120, 60], Columns([2, double.BitIncrement(1)], [3.5, 2.5], [1.25, 0.5], [3, 2], [10, double.NaN])));

    [Fact]
    public void Compute_FrameOfManyRows_EqualsTheWholeTextHashedAtOnce()
    {
        var n = 5000;
        var timestamps = Enumerable.Range(0, n).Select(i => 60L * i).ToArray();
        var close = Enumerable.Range(0, n).Select(i => Math.Sqrt(i)).ToArray();
        var rows = string.Join(',', timestamps.Zip(close, (ts, c) => $$"""{"close":{{FloatText.Format(c)}},"ts":{{ts}}}"""));
        var text = $$$"""{"frame":[{{{rows}}}],"metadata":{"conformance_version":"v2","coverage_bounds":[60,120],"interval":60,"node_id":"ohlcv:binance:BTC/USDT:1m"}}""";

        Assert.Equal("sha256:" + ContentHash.Sha256Hex(text), DatasetFingerprint.Compute(Metadata, timestamps, [new FrameColumn("close", close)]));
    }

    [Fact]
    public void Compute_Infinity_IsRefusedNamingRowAndColumn()
    {
        var refusal = Assert.Throws<RefusalException>(() => DatasetFingerprint.Compute(Metadata, [60], [new FrameColumn("close", new[] { double.PositiveInfinity })]));
        Assert.Contains("\"close\"", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_ColumnsThatDoNotFit_AreRefused()
    {
        Assert.Throws<RefusalException>(() => DatasetFingerprint.Compute(Metadata, [60], [new FrameColumn("close", new double[2])]));
        Assert.Throws<RefusalException>(() => DatasetFingerprint.Compute(Metadata, [60], [new FrameColumn("ts", new double[1])]));
    }

    [Theory]
    [InlineData("lake:" + Golden, Golden, true)]
    [InlineData("09d4f311fcf729036ea3277df0d67d13a301645b86942e606c906c2709147fa2", Golden, true)]
    [InlineData("snapshot-7", "snapshot-7", true)]
    [InlineData("snapshot-7", Golden, false)]
    [InlineData(null, null, false)]
    public void AreEquivalent_Prefixes_DoNotMatter(string? a, string? b, bool expected) => Assert.Equal(expected, DatasetFingerprint.AreEquivalent(a, b));

    private static FrameColumn[] Columns(double[] open, double[] high, double[] low, double[] close, double[] volume) =>
        [new("open", open), new("high", high), new("low", low), new("close", close), new("volume", volume)];
}
