namespace Qmtl.Strategies;

/// <summary>Missing until the input first differs from its value of the bar before; from then on the input.</summary>
/// <remarks>State: [0] the previous known value, [1] 0 nothing seen, 1 waiting, 2 open.</remarks>
internal sealed class AfterFirstChangeKernel : Kernel
{
    private const double Nothing = 0, Waiting = 1, Open = 2;

    internal override NodeCode Code => NodeCode.BuiltIn("after_first_change");

    public override int StateLength => 2;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length; i++)
        {
            var value = input[i];
            if (!double.IsNaN(value) && state[1] != Open)
            {
                state[1] = state[1] == Nothing || state[0] == value ? Waiting : Open;
                state[0] = value;
            }

            output[i] = state[1] == Open ? value : double.NaN;
        }
    }
}
