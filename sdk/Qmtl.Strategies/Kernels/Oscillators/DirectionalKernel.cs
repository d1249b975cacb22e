using System.Runtime.Intrinsics;

namespace Qmtl.Strategies;

/// <summary>Wilder's directional indicators, +DI and -DI: 100 x smoothed directional movement / smoothed true range. Inputs high, low, close.</summary>
/// <remarks>
/// Movements and range all count from the second bar on, so that they are seeded by the same n bars. A bar on which any input is missing
/// gives missing outputs and leaves the state as it is; the next bar is compared with the last one known. If a range overflows the
/// indicators start over from there.
/// <para>
/// Up and down are the two lanes of a vector, the low with its sign turned: a fall of the low is then a rise like that of the high, and
/// the choice of the larger one is a mask instead of a branch that no processor can predict.
/// </para>
/// <para>
/// State: [0] the previous high and [1] the previous low, negated; [2] the previous close; [3] bars seen, up to n + 1; [4] smoothed upward
/// and [5] downward movement, [6] smoothed range; while seeding their sums.
/// </para>
/// </remarks>
internal sealed class DirectionalKernel(int period) : PanelKernel
{
    private const int Edges = 0, Close = 2, Seen = 3, Movement = 4, Range = 6;

    private readonly double _weight = 1.0 / period, _keep = 1 - (1.0 / period);

    internal override NodeCode Code => NodeCode.BuiltIn("directional_indicators");

    public override int Period => period;

    public override int Lookback => period;

    public override int StateLength => 7;

    public override int OutputCount => 2;

    public override string OutputName(int index) => index == 0 ? "plus_di" : "minus_di";

    public override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
    {
        for (var i = 0; i < outputs.Length;)
            i = (int)state[Seen] <= period ? Seed(state, inputs, outputs, i) : Smooth(state, inputs, outputs, i);
    }

    private int Seed(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs, int i)
    {
        for (; i < outputs.Length && state[Seen] <= period; i++)
        {
            outputs[0][i] = outputs[1][i] = double.NaN;
            var (high, low, close) = (inputs[0][i], inputs[1][i], inputs[2][i]);
            if (double.IsNaN(high + low + close)) continue;
            var edges = Vector128.Create(high, -low);
            if (state[Seen] > 0)
            {
                (Vector128.Create<double>(state[Movement..]) + Moves(edges, Vector128.Create<double>(state[Edges..]))).CopyTo(state[Movement..]);
                state[Range] += Reach(edges, state[Close]);
            }

            Remember(state, edges, close);
            state[Seen]++;
            if (!double.IsFinite(state[Movement] + state[Movement + 1] + state[Range])) Restart(state, edges, close);
            if (state[Seen] <= period) continue;
            foreach (ref var sum in state[Movement..]) sum /= period;
            (outputs[0][i], outputs[1][i]) = (PercentOrZero.Apply(state[Movement], state[Range]), PercentOrZero.Apply(state[Movement + 1], state[Range]));
        }

        return i;
    }

    private int Smooth(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs, int i)
    {
        var high = inputs[0];
        var low = inputs[1];
        var close = inputs[2];
        var plus = outputs[0];
        var minus = outputs[1];
        var before = Vector128.Create<double>(state[Edges..]);
        var last = state[Close];
        var movement = Vector128.Create<double>(state[Movement..]);
        var range = state[Range];
        for (; i < plus.Length; i++)
        {
            plus[i] = minus[i] = double.NaN;
            if (double.IsNaN(high[i] + low[i] + close[i])) continue;
            var edges = Vector128.Create(high[i], -low[i]);
            movement = Vector128.FusedMultiplyAdd(Vector128.Create(_keep), movement, _weight * Moves(edges, before));
            range = Math.FusedMultiplyAdd(_keep, range, _weight * Reach(edges, last));
            before = edges;
            last = close[i];
            if (!double.IsFinite(Vector128.Sum(movement) + range))
            {
                Restart(state, edges, last);
                return i + 1;
            }

            // A range that has faded out of the normal numbers is none; its last bits would be noise.
            if (!double.IsNormal(range)) (movement, range) = (Vector128<double>.Zero, 0);
            var indicators = range == 0 ? Vector128<double>.Zero : 100 * (movement / Vector128.Create(range));
            plus[i] = indicators[0];
            minus[i] = indicators[1];
        }

        Remember(state, before, last);
        movement.CopyTo(state[Movement..]);
        state[Range] = range;
        return i;
    }

    // Of the two moves only the larger counts, and only outwards; of equal ones neither.
    private static Vector128<double> Moves(Vector128<double> edges, Vector128<double> before)
    {
        var moves = edges - before;
        var other = Vector128.Shuffle(moves, Vector128.Create(1L, 0L));
        return moves & Vector128.GreaterThan(moves, other) & Vector128.GreaterThan(moves, Vector128<double>.Zero);
    }

    // max(high, last) - min(low, last), the low being negated.
    private static double Reach(Vector128<double> edges, double last) => Vector128.Sum(Vector128.MaxNative(edges, Vector128.Create(last, -last)));

    private static void Remember(Span<double> state, Vector128<double> edges, double close)
    {
        edges.CopyTo(state[Edges..]);
        state[Close] = close;
    }

    private static void Restart(Span<double> state, Vector128<double> edges, double close)
    {
        state.Clear();
        Remember(state, edges, close);
        state[Seen] = 1;
    }
}
