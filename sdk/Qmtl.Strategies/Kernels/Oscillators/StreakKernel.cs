namespace Qmtl.Strategies;

/// <summary>How many bars in a row the input has risen (positive) or fallen (negative); 0 on a bar without a change.</summary>
/// <remarks>
/// A missing input gives a missing output and leaves the streak as it is: the next value is compared with the last one known. A streak is
/// counted exactly.
/// <para>State: [0] the previous value, missing before the first; [1] the streak.</para>
/// </remarks>
internal sealed class StreakKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("streak");

    public override int Period => 2;

    public override int StateLength => 2;

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = double.NaN;
            if (double.IsNaN(input[i])) continue;
            if (!double.IsNaN(state[0])) output[i] = state[1] = Next(state[1], input[i].CompareTo(state[0]));
            state[0] = input[i];
        }
    }

    private static double Next(double streak, int direction) => direction switch
    {
        > 0 => Math.Max(streak, 0) + 1,
        < 0 => Math.Min(streak, 0) - 1,
        _ => 0,
    };
}
