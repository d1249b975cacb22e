namespace Qmtl.Strategies;

/// <summary>A quantile of the last n values by linear interpolation; missing unless all n are there.</summary>
/// <remarks>
/// The window is kept sorted: a bar finds the leaving and the entering value by binary search, O(log n), and moves what lies between them
/// by one place, one block move of n / 3 values on average. For the windows in use (up to some hundred bars) that beats two heaps or a tree,
/// needs no pointers in the state, and nothing accumulates, so nothing drifts.
/// <para>State: [0] place in the ring, [1] present values in the window, n slots of the ring in order of arrival, n slots of sorted values.</para>
/// </remarks>
internal sealed class QuantileKernel(int period, double quantile) : Kernel
{
    private const int Place = 0, Present = 1, Header = 2;
    private readonly int _lower = (int)Math.Floor(quantile * (period - 1));
    private readonly double _fraction = (quantile * (period - 1)) - Math.Floor(quantile * (period - 1));

    internal override NodeCode Code => NodeCode.BuiltIn("rolling_quantile");

    public override int Period => period;

    public override int StateLength => Header + (2 * period);

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new Dictionary<string, object>(StringComparer.Ordinal) { ["q"] = quantile };

    public override void Start(Span<double> state) => state.Slice(Header, period).Fill(double.NaN);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var ring = state.Slice(Header, period);
        var sorted = state.Slice(Header + period, period);
        var place = (int)state[Place];
        var present = (int)state[Present];
        for (var i = 0; i < output.Length; i++)
        {
            // + 0.0 makes one zero of the two, which compare as equal but are not the same bits.
            var entering = input[i] + 0.0;
            var leaving = ring[place];
            ring[place] = entering;
            if (++place == period) place = 0;
            present = Exchange(sorted, present, leaving, entering);
            output[i] = present == period ? Missing.UnlessFinite(Read(sorted)) : double.NaN;
        }

        state[Place] = place;
        state[Present] = present;
    }

    private double Read(ReadOnlySpan<double> sorted)
    {
        var low = sorted[_lower];
        return _fraction == 0 ? low : Math.FusedMultiplyAdd(_fraction, sorted[_lower + 1] - low, low);
    }

    private static int Exchange(Span<double> sorted, int count, double leaving, double entering)
    {
        var leaves = !double.IsNaN(leaving);
        var enters = !double.IsNaN(entering);
        if (!leaves && !enters) return count;

        // A value that only enters or only leaves comes from, or goes to, the free place behind the sorted ones.
        var values = sorted[..count];
        var from = leaves ? LowerBound(values, leaving) : count;
        var to = enters ? LowerBound(values, entering) : count;
        if (to > from)
        {
            sorted[(from + 1)..to].CopyTo(sorted[from..]);
            to--;
        }
        else
        {
            sorted[to..from].CopyTo(sorted[(to + 1)..]);
        }

        if (enters) sorted[to] = entering;
        else sorted[count - 1] = 0;
        return count + (enters ? 1 : 0) - (leaves ? 1 : 0);
    }

    /// <summary>The first place whose value is not less; without a branch on the data, which no predictor could learn.</summary>
    private static int LowerBound(ReadOnlySpan<double> sorted, double value)
    {
        var low = 0;
        var length = sorted.Length;
        while (length > 1)
        {
            var half = length >> 1;
            low += sorted[low + half - 1] < value ? half : 0;
            length -= half;
        }

        return length == 1 && sorted[low] < value ? low + 1 : low;
    }
}
