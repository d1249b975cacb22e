namespace Qmtl.Bench.Measuring;

/// <summary>How seconds per run become the number of the report.</summary>
/// <param name="Text">The unit, as it is printed.</param>
/// <param name="IsRate">Items per second; otherwise time per item.</param>
/// <param name="Factor">What one item per second, or one second per item, is in the unit.</param>
internal sealed record Unit(string Text, bool IsRate, double Factor)
{
    public static Unit BarsPerSecond { get; } = new("bars/s", IsRate: true, 1);

    public static Unit NodesPerSecond { get; } = new("nodes/s", IsRate: true, 1);

    public static Unit MegabytesPerSecond { get; } = new("MB/s", IsRate: true, 1e-6);

    public static Unit Nanoseconds(string item) => new("ns/" + item, IsRate: false, 1e9);

    public double Of(long items, TimeSpan time) => (IsRate ? items / time.TotalSeconds : time.TotalSeconds / items) * Factor;
}
