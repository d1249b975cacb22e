using Qmtl.Strategies;

[NodeCode("acme/range-share", "1")]
public sealed class RangeShare : Kernel
{
    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var close = inputs[0];
        var high = inputs[1];
        var low = inputs[2];
        for (var i = 0; i < output.Length; i++)
        {
            var range = high[i] - low[i];
            output[i] = range > 0 ? (close[i] - low[i]) / range : double.NaN;
        }
    }
}

public sealed class CloseStrength : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var price = s.Price();
        var strength = s.Compute(new RangeShare(), price.Close, price.High, price.Low);
        s.Target(When(strength.Sma(5) > 0.6, 1.0, 0.0));
    }
}
