namespace Qmtl.Strategies;

/// <summary>In from the first input on, out from the second on; out wins.</summary>
/// <remarks>State: 1 while in. A missing input gives a missing output and changes nothing.</remarks>
internal sealed class EnterExitKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("enter_exit");

    public override int StateLength => 1;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var enter = inputs[0];
        var exit = inputs[1];
        var position = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            if (double.IsNaN(enter[i]) || double.IsNaN(exit[i]))
            {
                output[i] = double.NaN;
                continue;
            }

            if (exit[i] != 0) position = 0;
            else if (enter[i] != 0) position = 1;
            output[i] = position;
        }

        state[0] = position;
    }
}

/// <summary>Long, short or flat by four signals: enter long, exit long, enter short, exit short.</summary>
/// <remarks>
/// An entry on the other side reverses at once. Both entries on one bar contradict each other: a position stays unless its exit is true, too.
/// State: -1, 0 or 1. A missing input gives a missing output and changes nothing.
/// </remarks>
internal sealed class LongShortKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("long_short");

    public override int StateLength => 1;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var enterLong = inputs[0];
        var exitLong = inputs[1];
        var enterShort = inputs[2];
        var exitShort = inputs[3];
        var position = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            if (double.IsNaN(enterLong[i] + exitLong[i] + enterShort[i] + exitShort[i]))
            {
                output[i] = double.NaN;
                continue;
            }

            position = Next(position, enterLong[i] != 0, exitLong[i] != 0, enterShort[i] != 0, exitShort[i] != 0);
            output[i] = position;
        }

        state[0] = position;
    }

    private static double Next(double position, bool enterLong, bool exitLong, bool enterShort, bool exitShort)
    {
        if (enterLong != enterShort && (enterLong ? position <= 0 : position >= 0)) return enterLong ? 1 : -1;
        return (position > 0 && exitLong) || (position < 0 && exitShort) ? 0 : position;
    }
}
