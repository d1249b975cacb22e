namespace Qmtl.Strategies;

/// <summary>Level and slope of a local linear trend seen through noise, by Kalman's filter. Outputs level, slope.</summary>
/// <remarks>
/// Level' = level + slope, each with a random move of its own a bar (variances qLevel, qSlope); a value is the level plus noise of variance r.
/// The first value is the first level, with slope 0 and variance p0 of each. A missing value gives missing ones and changes nothing. Should the
/// level or the slope overflow, the filter starts again with the next value.
/// State: [0] level, missing before the first value, [1] slope, [2] variance of the level, [3] covariance, [4] variance of the slope.
/// </remarks>
internal sealed class KalmanTrendKernel(double qLevel, double qSlope, double r, double p0) : PanelKernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("kalman_trend");

    public override int OutputCount => 2;

    public override int StateLength => 5;

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new Dictionary<string, object>(StringComparer.Ordinal)
    {
        ["q_level"] = qLevel,
        ["q_slope"] = qSlope,
        ["r"] = r,
        ["p0"] = p0,
    };

    public override string OutputName(int index) => index == 0 ? "level" : "slope";

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
    {
        var input = inputs[0];
        var levels = outputs[0];
        var slopes = outputs[1];
        for (var i = 0; i < input.Length; i++)
        {
            levels[i] = slopes[i] = double.NaN;
            if (double.IsNaN(input[i])) continue;
            if (double.IsNaN(state[0])) Begin(state, input[i]);
            else if (!Step(state, input[i])) continue;
            levels[i] = state[0];
            slopes[i] = state[1];
        }
    }

    private void Begin(Span<double> state, double value)
    {
        (state[0], state[1]) = (value, 0);
        (state[2], state[3], state[4]) = (p0, 0, p0);
    }

    private bool Step(Span<double> state, double value)
    {
        // Predict.
        var (slope, covariance, slopeVariance) = (state[1], state[3] + state[4], state[4] + qSlope);
        var level = state[0] + slope;
        var levelVariance = state[2] + state[3] + covariance + qLevel;

        // Correct.
        var total = levelVariance + r;
        var (levelGain, slopeGain) = (levelVariance / total, covariance / total);
        var surprise = value - level;
        level += levelGain * surprise;
        slope += slopeGain * surprise;
        if (!double.IsFinite(level) || !double.IsFinite(slope))
        {
            state[0] = double.NaN;
            return false;
        }

        (state[0], state[1]) = (level, slope);
        (state[2], state[3], state[4]) = (levelVariance * (1 - levelGain), covariance * (1 - levelGain), slopeVariance - (slopeGain * covariance));
        return true;
    }
}
