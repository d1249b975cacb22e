using System.Globalization;

namespace Qmtl.WorldService.Policies.Documents;

/// <summary>Durations as policies write them: a number and one of ms, s, m, h, d, w.</summary>
internal static class Durations
{
    private static readonly (string Unit, double Seconds)[] Units =
        [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var unit = Units.FirstOrDefault(unit => text.EndsWith(unit.Unit, StringComparison.Ordinal));
        if (unit.Unit is null) return false;
        var number = text.AsSpan(0, text.Length - unit.Unit.Length);
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || number is [] or ['.', ..] or [.., '.']) return false;

        // Ten thousand years would overflow what dates can carry; no rule means that.
        var seconds = value * unit.Seconds;
        if (seconds > 36_525d * 86_400) return false;
        duration = TimeSpan.FromMilliseconds(Math.Round(seconds * 1_000));
        return true;
    }

    /// <summary>The shortest form: the largest unit that divides it.</summary>
    public static string Format(TimeSpan duration)
    {
        var milliseconds = (long)duration.TotalMilliseconds;
        foreach (var (unit, seconds) in Units.Reverse())
        {
            var size = (long)(seconds * 1_000);
            if (milliseconds != 0 && milliseconds % size == 0) return string.Create(CultureInfo.InvariantCulture, $"{milliseconds / size}{unit}");
        }

        return "0s";
    }
}
