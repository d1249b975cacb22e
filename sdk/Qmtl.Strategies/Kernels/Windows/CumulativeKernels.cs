namespace Qmtl.Strategies;

/// <summary>The sum of all values so far. A missing value, or one with which the sum would overflow, is passed over.</summary>
/// <remarks>Compensated, so that the error is one rounding of the result, after ten bars or ten million. State: [0] and [1] the sum and what it rounds off.</remarks>
internal sealed class CumulativeSumKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("cumulative_sum");

    public override int StateLength => 2;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var sum = new CompensatedSum(state[0], state[1]);
        for (var i = 0; i < output.Length; i++)
        {
            var next = sum.Plus(input[i]);
            output[i] = Missing.UnlessFinite(next.Value);
            if (double.IsFinite(next.Value)) sum = next;
        }

        state[0] = sum.High;
        state[1] = sum.Low;
    }
}

/// <summary>The product of all values so far. A missing value, or one with which the product would overflow, is passed over.</summary>
/// <remarks>Compensated like the sum (Ogita and Rump). State: [0] and [1] the product and what it rounds off.</remarks>
internal sealed class CumulativeProductKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("cumulative_product");

    public override int StateLength => 2;

    public override void Start(Span<double> state) => state[0] = 1;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var (high, low) = (state[0], state[1]);
        for (var i = 0; i < output.Length; i++)
        {
            var product = high * input[i];
            var error = Math.FusedMultiplyAdd(low, input[i], Math.FusedMultiplyAdd(high, input[i], -product));
            var value = product + error;
            output[i] = Missing.UnlessFinite(value);
            if (double.IsFinite(value)) (high, low) = (product, error);
        }

        state[0] = high;
        state[1] = low;
    }
}

/// <summary>The best of all values so far; missing where the input is. State: the best value, missing before the first.</summary>
internal sealed class CumulativeExtremeKernel<TOrder> : Kernel
    where TOrder : struct, IExtremeOrder
{
    internal override NodeCode Code => NodeCode.BuiltIn(TOrder.CumulativeName);

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = TOrder.Worst;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var best = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            best = TOrder.BestKnown(best, input[i]);
            output[i] = double.IsNaN(input[i]) ? double.NaN : best;
        }

        state[0] = best;
    }
}

/// <summary>How far below its highest value so far the input is, as a share of that value; missing while that is not positive.</summary>
/// <remarks>State: the highest value so far.</remarks>
internal sealed class DrawdownKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("drawdown");

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = double.NegativeInfinity;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var peak = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            peak = double.MaxNumber(peak, input[i]);
            output[i] = peak > 0 ? Missing.UnlessFinite((peak - input[i]) / peak) : double.NaN;
        }

        state[0] = peak;
    }
}
