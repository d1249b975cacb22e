using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>A statistic of the last n values, at a constant cost a bar and without drift; missing unless all n are there.</summary>
/// <remarks>
/// A running sum (add the new, subtract the old) drifts: every bar leaves a rounding error behind, for ever. Here nothing is subtracted.
/// Time is cut at every n-th bar. A window is the tail of the finished chunk, whose sums from the back are computed once a chunk, joined
/// with the head of the current one, summed from the front; each value is added twice, and nothing survives the chunk it is in. So the
/// error depends on the n values alone, after ten bars or ten million: that of a sum is at most (n - 1) u times the sum of the magnitudes,
/// u = 2^-53. A missing or huge value is forgotten as soon as it has left the window.
/// <para>
/// Sums of powers are taken about a pivot: the first value of the current chunk. Every window that ends in the chunk contains it, so the
/// squares about it are at most n times those about the mean, whatever the level of the prices. The variance is off by at most
/// 2 n (n + 4) u relative (about 1e-13 for twenty bars), and exactly 0 in a flat window; a recursion about a running mean would lose a
/// factor of level / deviation, 1e9 for a price of 1e9 that moves by one.
/// </para>
/// <para>
/// State: [0] phase in the chunk, [1] and [2] pivots, the head sum, n slots per input with the chunk's values, n tail sums, each of the
/// values behind its place.
/// </para>
/// </remarks>
internal sealed class WindowKernel<TSum, TReading>(int period) : Kernel
    where TSum : unmanaged, IWindowSum<TSum>
    where TReading : struct, IWindowReading<TSum>
{
    private const int Phase = 0, PivotX = 1, PivotY = 2, Header = 3;
    private readonly WindowFacts _facts = new(period);

    internal override NodeCode Code => NodeCode.BuiltIn(TReading.Name);

    public override int Period => period;

    public override int StateLength => Header + SumLength + (period * (TSum.Inputs + SumLength));

    private static int SumLength => Unsafe.SizeOf<TSum>() / sizeof(double);

    // The finished chunk of a run that has not begun is missing, and so is every window that reaches into it.
    public override void Start(Span<double> state) => state.Slice(Header + SumLength, period * TSum.Inputs).Fill(double.NaN);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var x = inputs[0][..output.Length];
        var y = TSum.Inputs == 2 ? inputs[1][..output.Length] : x;
        var valuesX = ValuesX(state);
        var valuesY = ValuesY(state);
        var tails = Tails(state);
        ref var saved = ref MemoryMarshal.Cast<double, TSum>(state.Slice(Header, SumLength))[0];
        var head = saved;
        var facts = _facts;
        var phase = (int)state[Phase];
        var pivotX = state[PivotX];
        var pivotY = state[PivotY];
        for (var i = 0; i < output.Length; i++)
        {
            if (phase == 0)
            {
                pivotX = TSum.Pivoted ? x[i] : 0;
                pivotY = TSum.Pivoted && TSum.Inputs == 2 ? y[i] : 0;
                head = TSum.Empty;
                SumTails(valuesX, valuesY, tails, pivotX, pivotY);
            }

            valuesX[phase] = x[i];
            if (TSum.Inputs == 2) valuesY[phase] = y[i];
            var dx = TSum.Pivoted ? x[i] - pivotX : x[i];
            var dy = TSum.Inputs == 1 ? 0 : TSum.Pivoted ? y[i] - pivotY : y[i];
            head = TSum.Append(head, dx, dy, phase);
            var tail = tails[phase];
            phase++;
            var sum = TSum.Join(tail, head, period - phase, phase);
            output[i] = Missing.UnlessFinite(TReading.Read(sum, new WindowEnd(dx, dy, pivotX, pivotY), facts));
            if (phase == period) phase = 0;
        }

        saved = head;
        state[Phase] = phase;
        state[PivotX] = pivotX;
        state[PivotY] = pivotY;
    }

    /// <summary>Sums the chunk that has just been filled from its back, about the first value of the one that begins.</summary>
    private static void SumTails(ReadOnlySpan<double> x, ReadOnlySpan<double> y, Span<TSum> tails, double pivotX, double pivotY)
    {
        var sum = TSum.Empty;
        for (var i = tails.Length - 1; i > 0; i--)
        {
            tails[i] = sum;
            var dx = TSum.Pivoted ? x[i] - pivotX : x[i];
            var dy = TSum.Inputs == 1 ? 0 : TSum.Pivoted ? y[i] - pivotY : y[i];
            sum = TSum.Prepend(sum, dx, dy);
        }

        tails[0] = sum;
    }

    private Span<double> ValuesX(Span<double> state) => state.Slice(Header + SumLength, period);

    private Span<double> ValuesY(Span<double> state) => state.Slice(Header + SumLength + (period * (TSum.Inputs - 1)), period);

    private Span<TSum> Tails(Span<double> state) => MemoryMarshal.Cast<double, TSum>(state[(Header + SumLength + (period * TSum.Inputs))..]);
}
