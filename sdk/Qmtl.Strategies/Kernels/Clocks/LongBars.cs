namespace Qmtl.Strategies;

/// <summary>Finds the bars of a longer clock in the bars of a run.</summary>
internal static class LongBars
{
    /// <summary>Doubles of state: [0] which long bar is open (its number since 1970; missing before the first), [1] 1 when it is complete.</summary>
    public const int StateLength = 2;

    private const int Open = 0, Complete = 1;

    public static void Start(Span<double> state) => state[Open] = double.NaN;

    /// <summary>Which long bar <paramref name="time"/> lies in, counted from 1970; before that, negative.</summary>
    public static long NumberOf(long time, long length)
    {
        var (number, rest) = Math.DivRem(time, length);
        return rest < 0 ? number - 1 : number;
    }

    /// <summary>Writes the starts of the long bars that <paramref name="bars"/> complete, and returns how many there are.</summary>
    /// <remarks>
    /// A bar completes the long bar it ends with, and the one before if no bar did: so a block of n bars completes at most n + 1.
    /// </remarks>
    public static int Advance(Span<double> state, ClockBars bars, long length, Span<long> starts)
    {
        var count = 0;
        var opened = double.IsNaN(state[Open]) ? long.MinValue : (long)state[Open] * length;
        var complete = state[Complete] != 0;
        for (var i = 0; i < bars.Count; i++)
        {
            var start = bars.Starts[i];
            if (opened == long.MinValue || start - opened >= length)
            {
                if (opened != long.MinValue && !complete) starts[count++] = opened;
                var number = NumberOf(start, length);
                opened = number * length;
                state[Open] = number;
                complete = false;
            }

            if (complete || bars.EndOf(i) < opened + length) continue;
            starts[count++] = opened;
            complete = true;
        }

        state[Complete] = complete ? 1 : 0;
        return count;
    }
}
