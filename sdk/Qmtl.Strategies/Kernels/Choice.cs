namespace Qmtl.Strategies;

/// <summary>condition ? a : b. Missing while the condition is; otherwise only the chosen value counts.</summary>
internal sealed class WhenKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("when");

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var condition = inputs[0];
        var then = inputs[1];
        var otherwise = inputs[2];
        for (var i = 0; i < output.Length; i++)
        {
            var truth = condition[i];
            output[i] = double.IsNaN(truth) ? double.NaN : truth != 0 ? then[i] : otherwise[i];
        }
    }
}

/// <summary>True where the input is false.</summary>
internal sealed class NotKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("not");

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length; i++) output[i] = Missing.Truth(input[i] == 0, input[i], 0);
    }
}

/// <summary>The magnitude of the input.</summary>
internal sealed class AbsKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("abs");

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length; i++) output[i] = double.IsNaN(input[i]) ? double.NaN : Math.Abs(input[i]);
    }
}
