namespace Qmtl.Strategies;

/// <summary>How the present members of a panel become one number.</summary>
internal interface ICrossFold
{
    static abstract string Name { get; }

    /// <summary>The result for one present member.</summary>
    static abstract double First(double value);

    /// <summary>The result with one more present member.</summary>
    static abstract double Add(double result, double value);
}

/// <summary>One number from all members of a panel at a bar, taken in the order of the members; missing when none is present.</summary>
internal sealed class CrossFoldKernel<TFold> : Kernel
    where TFold : struct, ICrossFold
{
    internal override NodeCode Code => NodeCode.BuiltIn(TFold.Name);

    internal override bool CrossesMembers => true;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        output.Fill(double.NaN);
        for (var member = 0; member < inputs.Count; member++)
        {
            var column = inputs[member];
            for (var i = 0; i < output.Length; i++)
            {
                var value = column[i];
                if (double.IsNaN(value)) continue;
                output[i] = double.IsNaN(output[i]) ? TFold.First(value) : TFold.Add(output[i], value);
            }
        }

        // An infinite sum stays infinite while finite numbers are added, so it is enough to look once.
        for (var i = 0; i < output.Length; i++) output[i] = Missing.UnlessFinite(output[i]);
    }
}

internal readonly struct CrossSum : ICrossFold
{
    public static string Name => "cross_sum";

    public static double First(double value) => value;

    public static double Add(double result, double value) => result + value;
}

internal readonly struct CrossCount : ICrossFold
{
    public static string Name => "cross_count";

    public static double First(double value) => 1;

    public static double Add(double result, double value) => result + 1;
}

internal readonly struct CrossMax : ICrossFold
{
    public static string Name => "cross_max";

    public static double First(double value) => value;

    public static double Add(double result, double value) => Math.Max(result, value);
}

internal readonly struct CrossMin : ICrossFold
{
    public static string Name => "cross_min";

    public static double First(double value) => value;

    public static double Add(double result, double value) => Math.Min(result, value);
}
