namespace Qmtl.Strategies;

/// <summary>The input, kept as it was until it has moved by more than a tolerance; to and from zero it always moves.</summary>
/// <remarks>State: the last value given out. A missing input gives a missing output and changes nothing.</remarks>
internal sealed class DeadbandKernel(double tolerance) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("deadband");

    public override int StateLength => 1;

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new Dictionary<string, object>(StringComparer.Ordinal) { ["tolerance"] = tolerance };

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var held = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            var value = input[i];
            // Not "<=": a first value is compared with NaN and has to get through.
            if (!(Math.Abs(value - held) <= tolerance) || value == 0 != (held == 0)) held = double.IsNaN(value) ? held : value;
            output[i] = double.IsNaN(value) ? double.NaN : held;
        }

        state[0] = held;
    }
}
