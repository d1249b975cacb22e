using System.Globalization;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Draws the reasons of a verdict as an indented tree.</summary>
internal static class ReasonTree
{
    public static void Draw(Screen screen, IEnumerable<Reason> reasons, int depth = 2)
    {
        foreach (var reason in reasons)
        {
            screen.Line($"{new string(' ', depth * 2)}{Mark(reason.Outcome)} {Sentence(reason)}");
            Draw(screen, reason.Children, depth + 1);
        }
    }

    /// <summary>One reason in a line: the rule, what was found, how far it is from passing, and its code.</summary>
    public static string Sentence(Reason reason)
    {
        var parts = new List<string> { reason.Text };
        if (reason.Metric.Length > 0 && reason.Children.Count == 0) parts.Add(reason.Value is { } value ? $"{reason.Metric} is {Screen.Number(value)}" : $"{reason.Metric} is not known");
        if (reason.Distance is { } distance && reason.Outcome is not "pass") parts.Add($"{Math.Abs(distance).ToString("G4", CultureInfo.InvariantCulture)} {(distance < 0 ? "lacking" : "to spare")}");
        if (reason.Needed.Length > 0) parts.Add($"needed: {reason.Needed}");
        return $"{string.Join(", ", parts)}{(reason.Code.Length > 0 ? $" [{reason.Code}]" : "")}";
    }

    private static string Mark(string outcome) => outcome switch { "pass" => "+", "warn" => "~", _ => "-" };
}
