namespace Qmtl.Strategies;

/// <summary>Seban's Supertrend: a band that follows the price and only ever tightens, until the close breaks through it. Inputs middle, average range, close.</summary>
/// <remarks>
/// The bands are middle +- multiplier x range. The upper one comes down with them but goes up only after a close above it, the lower one the
/// other way round. While falling the line is the upper band, and a close above it turns the direction; while rising it is the lower band.
/// The first bar counts as falling, as on TradingView. A missing input, or bands beyond the number range, give a missing bar and change nothing.
/// State: [0] upper band, [1] lower band, [2] previous close, [3] 1 rising, -1 falling, 0 before the first bar.
/// </remarks>
internal sealed class SupertrendKernel(double multiplier) : PanelKernel
{
    private const int Upper = 0, Lower = 1, Before = 2, Trend = 3;
    private const double Rising = 1, Falling = -1;

    internal override NodeCode Code => NodeCode.BuiltIn("supertrend");

    public override int OutputCount => 2;

    public override int StateLength => 4;

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new Dictionary<string, object>(StringComparer.Ordinal) { ["multiplier"] = multiplier };

    public override string OutputName(int index) => index == 0 ? "supertrend" : "direction";

    public override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
    {
        var middles = inputs[0];
        var ranges = inputs[1];
        var closes = inputs[2];
        var lines = outputs[0];
        var directions = outputs[1];
        for (var i = 0; i < lines.Length; i++)
        {
            var width = multiplier * ranges[i];
            var (upper, lower, close) = (middles[i] + width, middles[i] - width, closes[i]);
            lines[i] = directions[i] = double.NaN;
            if (double.IsNaN(close) || !double.IsFinite(upper) || !double.IsFinite(lower)) continue;
            Carry(state, upper, lower, close);
            directions[i] = state[Trend];
            lines[i] = state[Trend] == Rising ? state[Lower] : state[Upper];
        }
    }

    private static void Carry(Span<double> state, double upper, double lower, double close)
    {
        if (state[Trend] == 0)
        {
            (state[Upper], state[Lower], state[Trend]) = (upper, lower, Falling);
        }
        else
        {
            if (upper < state[Upper] || state[Before] > state[Upper]) state[Upper] = upper;
            if (lower > state[Lower] || state[Before] < state[Lower]) state[Lower] = lower;
            if (state[Trend] == Falling && close > state[Upper]) state[Trend] = Rising;
            else if (state[Trend] == Rising && close < state[Lower]) state[Trend] = Falling;
        }

        state[Before] = close;
    }
}
