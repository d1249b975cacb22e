using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Runtime;

/// <summary>The values that one parameter takes in a sweep.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Values">Its values as text, in order.</param>
public sealed record SweepAxis(string Name, IReadOnlyList<string> Values)
{
    /// <summary>The most values an axis may have, and the most runs a sweep may have.</summary>
    public const int MaxRuns = 1_000_000;

    private const string Form = "must be name=from:to:step or name=value,value";

    /// <summary>Reads <c>fast=5:50:5</c> (5, 10 ... 50; the end is included when it lies on the grid) or <c>entry=level,cross</c>.</summary>
    /// <exception cref="RefusalException">The text has another form, the step is not above zero, or the end lies before the start.</exception>
    public static SweepAxis Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || equals == text.Length - 1) throw Refuse(text, Form);
        var (name, values) = (text[..equals], text[(equals + 1)..]);
        if (!values.Contains(':', StringComparison.Ordinal)) return new SweepAxis(name, Listed(text, values));
        var numbers = values.Split(':').Select(number => Number(text, number)).ToArray();
        return numbers.Length == 3 ? new SweepAxis(name, Stepped(text, numbers[0], numbers[1], numbers[2])) : throw Refuse(text, Form);
    }

    /// <summary>All combinations, the last axis changing fastest.</summary>
    /// <exception cref="RefusalException">A parameter has two axes, or there are too many combinations.</exception>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Combine(IReadOnlyList<SweepAxis> axes)
    {
        var twice = axes.GroupBy(axis => axis.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw Refuse(twice.Key, "is swept twice; join its values in one");
        var count = axes.Aggregate(1L, (product, axis) => Math.Min(product * axis.Values.Count, MaxRuns + 1L));
        if (count > MaxRuns) throw Refuse(string.Join(' ', axes.Select(axis => axis.Name)), string.Create(CultureInfo.InvariantCulture, $"must give at most {MaxRuns} combinations; use wider steps"));
        return [.. Enumerable.Range(0, (int)count).Select(number => Combination(axes, number))];
    }

    private static Dictionary<string, string> Combination(IReadOnlyList<SweepAxis> axes, int number)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var axis in axes.Reverse())
        {
            values.Add(axis.Name, axis.Values[number % axis.Values.Count]);
            number /= axis.Values.Count;
        }

        return values;
    }

    private static string[] Listed(string text, string values)
    {
        var listed = values.Split(',', StringSplitOptions.TrimEntries);
        if (listed.Any(value => value.Length == 0)) throw Refuse(text, Form);
        return listed.Distinct(StringComparer.Ordinal).Count() == listed.Length ? listed : throw Refuse(text, "has a value twice");
    }

    // Decimal: 0.1:0.3:0.1 has three values, which it would not have in binary.
    private static string[] Stepped(string text, decimal from, decimal to, decimal step)
    {
        if (step <= 0) throw Refuse(text, "must have a step above 0");
        if (to < from) throw Refuse(text, "must not end before it begins");
        if ((to - from) / step >= MaxRuns) throw Refuse(text, string.Create(CultureInfo.InvariantCulture, $"must have at most {MaxRuns} values"));
        var count = (int)((to - from) / step) + 1;
        return [.. Enumerable.Range(0, count).Select(i => (from + (i * step)).ToString("0.############################", CultureInfo.InvariantCulture))];
    }

    private static decimal Number(string text, string number) =>
        decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && Math.Abs(value) <= 1e15m
            ? value
            : throw Refuse(text, $"must have numbers within +-1e15, was \"{number}\"");

    private static RefusalException Refuse(string text, string rule) => RefusalException.At(ReasonCodes.InvalidArgument, "/grid", $"grid {text} {rule}.");
}
