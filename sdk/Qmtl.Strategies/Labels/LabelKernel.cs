namespace Qmtl.Strategies;

/// <summary>Passes a value on as a label: what is computed from it cannot reach a target any more.</summary>
internal sealed class LabelKernel(string kind, int horizon) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("label");

    public override bool IsDelayed => true;

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new Dictionary<string, object>(StringComparer.Ordinal) { ["horizon"] = horizon, ["kind"] = kind };

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) => inputs[0].CopyTo(output);
}
