namespace Qmtl.Strategies;

/// <summary>Wilder's directional indicators, +DI and -DI: 100 x smoothed directional movement / smoothed true range. Inputs high, low, close.</summary>
/// <remarks>
/// Movements and range all count from the second bar on, so that they are seeded by the same n bars. A bar on which any input is missing
/// gives missing outputs and leaves the state as it is; the next bar is compared with the last one known. If a range overflows the
/// indicators start over from there.
/// <para>
/// State: [0..2] the previous high, low and close, [3] bars seen, up to n + 1, [4] smoothed upward and [5] downward movement, [6] smoothed
/// range; while seeding their sums.
/// </para>
/// </remarks>
internal sealed class DirectionalKernel(int period) : PanelKernel
{
    private const int High = 0, Low = 1, Close = 2, Seen = 3, Up = 4, Down = 5, Range = 6;

    private readonly double _weight = 1.0 / period, _keep = 1 - (1.0 / period);

    internal override NodeCode Code => NodeCode.BuiltIn("directional_indicators");

    public override int Period => period;

    public override int Lookback => period;

    public override int StateLength => 7;

    public override int OutputCount => 2;

    public override string OutputName(int index) => index == 0 ? "plus_di" : "minus_di";

    public override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
    {
        var high = inputs[0];
        var low = inputs[1];
        var close = inputs[2];
        var plus = outputs[0];
        var minus = outputs[1];
        for (var i = 0; i < plus.Length; i++)
        {
            var ready = !double.IsNaN(high[i]) && !double.IsNaN(low[i]) && !double.IsNaN(close[i]) && Advance(state, high[i], low[i], close[i]);
            plus[i] = ready ? PercentOrZero.Apply(state[Up], state[Range]) : double.NaN;
            minus[i] = ready ? PercentOrZero.Apply(state[Down], state[Range]) : double.NaN;
        }
    }

    private bool Advance(Span<double> state, double high, double low, double close)
    {
        if (state[Seen] > 0)
        {
            var up = Math.Max(high - state[High], 0);
            var down = Math.Max(state[Low] - low, 0);
            Smooth(state, up > down ? up : 0, down > up ? down : 0, Math.Max(high, state[Close]) - Math.Min(low, state[Close]));
        }

        state[High] = high;
        state[Low] = low;
        state[Close] = close;
        if (!double.IsFinite(state[Up] + state[Down] + state[Range])) state[Seen..].Clear();
        if (state[Seen] <= period) state[Seen]++;
        return state[Seen] > period;
    }

    private void Smooth(Span<double> state, double up, double down, double range)
    {
        if (state[Seen] > period)
        {
            state[Up] = Math.FusedMultiplyAdd(_keep, state[Up], _weight * up);
            state[Down] = Math.FusedMultiplyAdd(_keep, state[Down], _weight * down);
            state[Range] = Math.FusedMultiplyAdd(_keep, state[Range], _weight * range);
            return;
        }

        state[Up] += up;
        state[Down] += down;
        state[Range] += range;
        if ((int)state[Seen] != period) return;
        foreach (ref var sum in state[Up..]) sum /= period;
    }
}
