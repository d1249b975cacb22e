using System.Collections.ObjectModel;

namespace Qmtl.Strategies;

/// <summary>How the values of several bars become that of one longer bar. Missing values are left out; with none left, the result is missing.</summary>
public enum Aggregate
{
    /// <summary>The last value.</summary>
    Last = 0,

    /// <summary>The first value.</summary>
    First,

    /// <summary>The highest value.</summary>
    Max,

    /// <summary>The lowest value.</summary>
    Min,

    /// <summary>The sum.</summary>
    Sum,

    /// <summary>The mean.</summary>
    Mean,

    /// <summary>How many values there are: 0 when all are missing.</summary>
    Count,
}

/// <summary>The input's bars gathered into longer ones, which begin at whole multiples of their length since 1970-01-01 UTC.</summary>
/// <remarks>
/// A longer bar is complete with the bar that ends where it ends; when that one is missing, with the next bar there is. A completed bar never
/// changes: input that comes closer together than its interval says, and so after the end of its bar, is left out.
/// State: [0] which longer bar is open (its number since 1970; missing before the first), [1] 1 when it is complete, [2] values in it, [3] their aggregate.
/// </remarks>
internal sealed class ResampleKernel(int seconds, Aggregate aggregate) : ClockKernel
{
    private const int Open = 0, Complete = 1, Present = 2, Value = 3;

    internal override NodeCode Code => NodeCode.BuiltIn("resample");

    public override int StateLength => 4;

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new ReadOnlyDictionary<string, object>(
        new Dictionary<string, object>(StringComparer.Ordinal) { ["aggregate"] = aggregate.ToString().ToLowerInvariant(), ["interval"] = seconds });

    public override void Start(Span<double> state) => state[Open] = double.NaN;

    public override void Process(Span<double> state, ReadOnlySpan<double> input, ClockBars read, ClockBars written, Span<double> output)
    {
        var next = 0;
        var opened = double.IsNaN(state[Open]) ? long.MinValue : (long)state[Open] * written.Length;
        for (var i = 0; i < input.Length; i++)
        {
            var start = read.Starts[i];
            if (opened == long.MinValue || start - opened >= written.Length)
            {
                // The bar before was completed by this one, unless it already was.
                if (next < written.Count && written.Starts[next] == opened) output[next++] = Result(state);
                var number = LongBars.NumberOf(start, written.Length);
                opened = number * written.Length;
                state[Open] = number;
                state[Complete] = 0;
                state[Present] = 0;
                state[Value] = double.NaN;
            }

            if (state[Complete] != 0) continue;
            if (!double.IsNaN(input[i])) Add(state, input[i]);
            if (read.EndOf(i) < opened + written.Length) continue;
            output[next++] = Result(state);
            state[Complete] = 1;
        }

        // Completed by a bar of the run that brought the input nothing new.
        while (next < written.Count)
        {
            output[next++] = Result(state);
            state[Complete] = 1;
        }
    }

    private void Add(Span<double> state, double value)
    {
        var first = state[Present]++ == 0;
        state[Value] = aggregate switch
        {
            Aggregate.Last => value,
            _ when first => value,
            Aggregate.Max => Math.Max(state[Value], value),
            Aggregate.Min => Math.Min(state[Value], value),
            Aggregate.Sum or Aggregate.Mean => state[Value] + value,
            _ => state[Value],
        };
    }

    private double Result(ReadOnlySpan<double> state) => aggregate switch
    {
        Aggregate.Count => state[Present],
        Aggregate.Mean => Missing.UnlessFinite(state[Value] / state[Present]),
        _ => Missing.UnlessFinite(state[Value]),
    };
}
