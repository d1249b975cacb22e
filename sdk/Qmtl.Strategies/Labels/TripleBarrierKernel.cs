namespace Qmtl.Strategies;

/// <summary>What became of the entry of n bars ago, at most n bars after it.</summary>
/// <remarks>
/// Method: M. Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 3. Inputs: close, high, low. Outputs: outcome (1 profit target,
/// -1 stop loss, 0 timeout), return, bars until the end. Each bar walks the window of one entry until a barrier is reached: n comparisons at most.
/// State: [0] where the next bar goes, [1] present bars in a row, then one ring of n + 1 values per input.
/// </remarks>
internal sealed class TripleBarrierKernel(BarrierSpec barrier, LabelSide side, int horizon) : PanelKernel
{
    private const int At = 0, Unbroken = 1, Rings = 2, Inputs = 3;
    private readonly int _length = horizon + 1;

    internal override NodeCode Code => NodeCode.BuiltIn("label_triple_barrier");

    public override bool IsDelayed => true;

    public override int Period => horizon + 1;

    public override int OutputCount => 3;

    public override int StateLength => Rings + (Inputs * (horizon + 1));

    public override IReadOnlyDictionary<string, object> Parameters { get; } = Describe(barrier, side);

    public override string OutputName(int index) => index switch { 0 => "outcome", 1 => "return", _ => "bars" };

    public override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
    {
        var close = state.Slice(Rings, _length);
        var high = state.Slice(Rings + _length, _length);
        var low = state.Slice(Rings + (2 * _length), _length);
        var at = (int)state[At];
        var unbroken = (int)state[Unbroken];
        for (var i = 0; i < outputs.Length; i++)
        {
            (close[at], high[at], low[at]) = (inputs[0][i], inputs[1][i], inputs[2][i]);
            unbroken = double.IsNaN(close[at] + high[at] + low[at]) ? 0 : Math.Min(unbroken + 1, _length);
            if (++at == _length) at = 0;
            var (outcome, change, bars) = unbroken == _length ? Resolve(close, high, low, at) : (double.NaN, double.NaN, double.NaN);
            outputs[0][i] = outcome;
            outputs[1][i] = Missing.UnlessFinite(change);
            outputs[2][i] = bars;
        }

        state[At] = at;
        state[Unbroken] = unbroken;
    }

    /// <summary>Walks from the oldest bar of the ring, the entry, to the newest.</summary>
    private (double Outcome, double Return, double Bars) Resolve(ReadOnlySpan<double> close, ReadOnlySpan<double> high, ReadOnlySpan<double> low, int oldest)
    {
        var entry = close[oldest];
        var barriers = Barriers.At(entry, barrier, side);
        var at = oldest;
        for (var bar = 1; ; bar++)
        {
            if (++at == _length) at = 0;
            var outcome = barriers.Reached(high[at], low[at]);
            if (outcome == LabelOutcome.Timeout && bar < horizon) continue;
            var change = ((barriers.ExitPrice(outcome, close[at]) / entry) - 1) * (side == LabelSide.Long ? 1 : -1);
            return ((double)(int)outcome, change, bar);
        }
    }

    private static Dictionary<string, object> Describe(BarrierSpec barrier, LabelSide side)
    {
        var parameters = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["mode"] = barrier.Mode == BarrierMode.Return ? "return" : "price",
            ["side"] = side == LabelSide.Long ? "long" : "short",
        };
        if (barrier.ProfitTarget is { } profit) parameters.Add("profit_target", profit);
        if (barrier.StopLoss is { } stop) parameters.Add("stop_loss", stop);
        return parameters;
    }
}

/// <summary>The outputs of a triple barrier. All speak of the entry a horizon ago, and none may reach a target.</summary>
/// <param name="Outcome">1 profit target, -1 stop loss, 0 timeout.</param>
/// <param name="Return">The return until the end, before costs.</param>
/// <param name="Bars">Bars from the entry to the end.</param>
public sealed record TripleBarrier(Series Outcome, Series Return, Series Bars);
