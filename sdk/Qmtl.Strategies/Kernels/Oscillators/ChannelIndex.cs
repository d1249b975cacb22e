namespace Qmtl.Strategies;

/// <summary>Lambert's commodity channel index of a window: (newest - mean) / (0.015 x mean absolute deviation); 0 where all values are equal.</summary>
/// <remarks>The mean absolute deviation has no form that can be updated, because every deviation changes with the mean.</remarks>
internal readonly struct ChannelIndex : IWindowScan
{
    private const double Lambert = 0.015;

    public static string Name => "cci";

    public static double Read(ReadOnlySpan<double> window)
    {
        var (mean, distance) = MeanDeviation.FromNewest(window);
        return distance == 0 ? 0 : -mean / (Lambert * distance);
    }
}
