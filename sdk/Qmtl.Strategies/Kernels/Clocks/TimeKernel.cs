namespace Qmtl.Strategies;

/// <summary>When each bar opens: seconds since 1970-01-01 UTC. Exact for whole seconds, to a quarter of a microsecond otherwise.</summary>
internal sealed class TimeKernel : ClockKernel
{
    private const double NanosecondsPerSecond = 1e9;

    internal override NodeCode Code => NodeCode.BuiltIn("time");

    public override void Process(Span<double> state, ReadOnlySpan<double> input, ClockBars read, ClockBars written, Span<double> output)
    {
        for (var i = 0; i < output.Length; i++)
        {
            var (seconds, rest) = Math.DivRem(written.Starts[i], (long)NanosecondsPerSecond);
            output[i] = seconds + (rest / NanosecondsPerSecond);
        }
    }
}
