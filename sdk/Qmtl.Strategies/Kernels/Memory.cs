namespace Qmtl.Strategies;

/// <summary>The input, or where it is missing its last present value, for at most so many bars (0: without end).</summary>
/// <remarks>State: [0] the last present value, [1] the bars since.</remarks>
internal sealed class ForwardFillKernel(int maxBars) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("forward_fill");

    public override int StateLength => 2;

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new Dictionary<string, object>(StringComparer.Ordinal) { ["max_bars"] = maxBars };

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var (last, age) = (state[0], state[1]);
        for (var i = 0; i < output.Length; i++)
        {
            if (!double.IsNaN(input[i])) (last, age) = (input[i], 0);
            else if (maxBars > 0 && age == maxBars) last = double.NaN;
            else age = Math.Min(age + 1, MaxPeriod);
            output[i] = last;
        }

        (state[0], state[1]) = (last, age);
    }
}

/// <summary>How many bars ago the signal was last true; missing before the first time, and on a bar whose signal is missing.</summary>
/// <remarks>State: the bars since, or -1. A bar counts although its signal is missing: time has passed.</remarks>
internal sealed class BarsSinceKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("bars_since");

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = -1;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var signal = inputs[0];
        var since = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            var now = signal[i];
            if (now is not 0 and not double.NaN) since = 0;
            else if (since >= 0) since++;
            output[i] = double.IsNaN(now) || since < 0 ? double.NaN : since;
        }

        state[0] = since;
    }
}

/// <summary>The value at the last bar on which the signal was true.</summary>
/// <remarks>State: that value. A missing signal gives a missing output and changes nothing.</remarks>
internal sealed class ValueWhenKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("value_when");

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var value = inputs[0];
        var signal = inputs[1];
        var held = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            if (double.IsNaN(signal[i]))
            {
                output[i] = double.NaN;
                continue;
            }

            if (signal[i] != 0) held = value[i];
            output[i] = held;
        }

        state[0] = held;
    }
}

/// <summary>True for n bars from each bar on which the signal is true.</summary>
/// <remarks>State: the bars left. They pass while the signal is missing, too; such a bar is missing.</remarks>
internal sealed class HoldKernel(int bars) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("hold");

    public override int StateLength => 1;

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new Dictionary<string, object>(StringComparer.Ordinal) { ["bars"] = bars };

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var signal = inputs[0];
        var left = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            var now = signal[i];
            if (now is not 0 and not double.NaN) left = bars;
            output[i] = double.IsNaN(now) ? double.NaN : left > 0 ? 1 : 0;
            if (left > 0) left--;
        }

        state[0] = left;
    }
}

/// <summary>True on the first bar on which the input is present, and on every n-th bar from there; missing where the input is.</summary>
/// <remarks>State: bars since the first present one, modulo n; -1 before it. A bar counts although its input is missing: time has passed.</remarks>
internal sealed class EveryBarsKernel(int bars) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("every_bars");

    public override int StateLength => 1;

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new Dictionary<string, object>(StringComparer.Ordinal) { ["bars"] = bars };

    public override void Start(Span<double> state) => state[0] = -1;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var at = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            var missing = double.IsNaN(input[i]);
            if (at >= 0) at = at + 1 == bars ? 0 : at + 1;
            else if (!missing) at = 0;
            output[i] = missing ? double.NaN : at == 0 ? 1 : 0;
        }

        state[0] = at;
    }
}
