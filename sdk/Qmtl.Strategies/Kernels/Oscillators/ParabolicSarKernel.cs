namespace Qmtl.Strategies;

/// <summary>Wilder's parabolic stop and reverse. Inputs high and low.</summary>
/// <remarks>
/// A falling trend is a rising one in prices of the opposite sign, so only the rising one is written down; the state is kept in the prices
/// of the present trend. A bar on which an input is missing gives a missing output and leaves the state as it is. If a price overflows the
/// stop, it starts over.
/// <para>
/// State: [0] 0 no bar yet, 1 one bar, 2 running; [1] +1 rising, -1 falling; [2] the stop for the next bar; [3] the trend's extreme; [4] the
/// acceleration factor; [5] the top and [6] the bottom of the previous bar.
/// </para>
/// </remarks>
internal sealed class ParabolicSarKernel(double step, double max) : Kernel
{
    private const int Phase = 0, Side = 1, Stop = 2, Extreme = 3, Factor = 4, Top = 5, Bottom = 6;
    private const double OneBar = 1, Running = 2;

    internal override NodeCode Code => NodeCode.BuiltIn("parabolic_sar");

    public override int Period => 2;

    public override int StateLength => 7;

    public override IReadOnlyDictionary<string, object> Parameters => new Dictionary<string, object>(StringComparer.Ordinal) { ["step"] = step, ["max"] = max };

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var high = inputs[0];
        var low = inputs[1];
        for (var i = 0; i < output.Length; i++) output[i] = double.IsNaN(high[i]) || double.IsNaN(low[i]) ? double.NaN : Bar(state, high[i], low[i]);
    }

    private double Bar(Span<double> state, double high, double low)
    {
        if (state[Phase] == 0)
        {
            state[Phase] = OneBar;
            state[Top] = high;
            state[Bottom] = low;
            return double.NaN;
        }

        if (state[Phase] == OneBar) Begin(state, high, low);
        var stop = state[Side] > 0 ? Follow(state, high, low) : -Follow(state, -low, -high);
        if (double.IsFinite(stop) && double.IsFinite(state[Stop])) return stop;
        state.Clear();
        return double.NaN;
    }

    // The first trend is that of the larger directional movement of the first two bars, rising if neither moved.
    private void Begin(Span<double> state, double high, double low)
    {
        var down = state[Bottom] - low;
        var falling = down > 0 && down > high - state[Top];
        var (top, bottom) = falling ? (-low, -high) : (high, low);
        state[Phase] = Running;
        state[Side] = falling ? -1 : 1;
        state[Stop] = falling ? -state[Top] : state[Bottom];
        state[Factor] = step;
        state[Extreme] = state[Top] = top;
        state[Bottom] = bottom;
    }

    private double Follow(Span<double> state, double top, double bottom)
    {
        var stop = state[Stop];
        if (bottom <= stop) return Turn(state, top, bottom);
        if (top > state[Extreme])
        {
            state[Extreme] = top;
            state[Factor] = Math.Min(state[Factor] + step, max);
        }

        Advance(state, stop, Math.Min(state[Bottom], bottom));
        state[Top] = top;
        state[Bottom] = bottom;
        return stop;
    }

    // The stop of the bar that turns is the old trend's extreme, but not inside the last two bars; all prices change sign with the trend.
    private double Turn(Span<double> state, double top, double bottom)
    {
        var highest = Math.Max(state[Top], top);
        var stop = Math.Max(state[Extreme], highest);
        state[Side] = -state[Side];
        state[Extreme] = -bottom;
        state[Factor] = step;
        Advance(state, -stop, -highest);
        state[Top] = -bottom;
        state[Bottom] = -top;
        return stop;
    }

    // Towards the extreme by the factor, but never above the lows of the last two bars.
    private static void Advance(Span<double> state, double stop, double lowest) =>
        state[Stop] = Math.Min(stop + (state[Factor] * (state[Extreme] - stop)), lowest);
}
