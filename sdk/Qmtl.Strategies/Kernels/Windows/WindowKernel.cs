using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>A statistic of the last n values, at a constant cost a bar and without drift; missing unless all n are there.</summary>
/// <remarks>
/// A running sum (add the new, subtract the old) drifts: every bar leaves a rounding error behind, for ever. Here nothing is subtracted.
/// Time is cut at every n-th bar. A window is the tail of the finished chunk, whose sums from the back are computed once a chunk, joined
/// with the head of the current one, summed from the front; each value is added twice, and nothing survives the chunk it is in. So the
/// error depends on the n values alone, after ten bars or ten million; a missing or huge value is forgotten as soon as it has left the window.
/// <para>
/// Sums of powers are taken about a pivot: the first value of the current chunk. Every window that ends in the chunk contains it, so the
/// squares about it are at most n times those about the mean, whatever the level of the prices. With u = 2^-53 the variance is off by at
/// most 2 n (n + 4) u relative (about 1e-13 for twenty bars), and exactly 0 in a flat window; a recursion about a running mean would lose
/// a factor of level / deviation, 1e9 for a price of 1e9 that moves by one.
/// </para>
/// <para>State: [0] phase in the chunk, [1] and [2] pivots, the head sum, n slots per input with the chunk's values, n tail sums (that of i starts behind value i).</para>
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
        var x = inputs[0];
        var y = TSum.Inputs == 2 ? inputs[1] : x;
        var phase = (int)state[Phase];
        for (var done = 0; done < output.Length;)
        {
            if (phase == 0) BeginChunk(state, x[done], y[done]);
            var length = Math.Min(period - phase, output.Length - done);
            Advance(state, phase, x.Slice(done, length), y.Slice(done, length), output.Slice(done, length));
            done += length;
            phase += length;
            if (phase == period) phase = 0;
        }

        state[Phase] = phase;
    }

    private void Advance(Span<double> state, int phase, ReadOnlySpan<double> x, ReadOnlySpan<double> y, Span<double> output)
    {
        x.CopyTo(ValuesX(state)[phase..]);
        if (TSum.Inputs == 2) y.CopyTo(ValuesY(state)[phase..]);
        ref var saved = ref MemoryMarshal.Cast<double, TSum>(state.Slice(Header, SumLength))[0];
        var tails = Tails(state).Slice(phase, output.Length);
        x = x[..output.Length];
        y = y[..output.Length];
        var facts = _facts;
        var pivotX = TSum.Pivoted ? state[PivotX] : 0;
        var pivotY = TSum.Pivoted && TSum.Inputs == 2 ? state[PivotY] : 0;
        var head = saved;
        for (var i = 0; i < output.Length; i++)
        {
            var dx = TSum.Pivoted ? x[i] - pivotX : x[i];
            var dy = TSum.Inputs == 1 ? 0 : TSum.Pivoted ? y[i] - pivotY : y[i];
            var length = phase + i + 1;
            head = TSum.Append(head, dx, dy, length - 1);
            var sum = TSum.Join(tails[i], head, period - length, length);
            output[i] = Missing.UnlessFinite(TReading.Read(sum, new WindowEnd(dx, dy, pivotX, pivotY), facts));
        }

        saved = head;
    }

    /// <summary>Sums the chunk that has just been filled from its back, about the first value of the one that begins.</summary>
    private void BeginChunk(Span<double> state, double firstX, double firstY)
    {
        var pivotX = TSum.Pivoted ? firstX : 0;
        var pivotY = TSum.Pivoted && TSum.Inputs == 2 ? firstY : 0;
        state[PivotX] = pivotX;
        state[PivotY] = pivotY;
        MemoryMarshal.Cast<double, TSum>(state.Slice(Header, SumLength))[0] = TSum.Empty;
        var x = ValuesX(state);
        var y = ValuesY(state);
        var tails = Tails(state);
        var sum = TSum.Empty;
        for (var i = x.Length - 1; i > 0; i--)
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
