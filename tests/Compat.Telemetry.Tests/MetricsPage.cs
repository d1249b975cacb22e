using System.Globalization;
using System.Text.RegularExpressions;

namespace Compat.Telemetry.Tests;

/// <summary>A scraped page, read the way a scraper reads it.</summary>
internal sealed partial class MetricsPage
{
    public Dictionary<string, string> Types { get; } = new(StringComparer.Ordinal);

    public List<Sample> Samples { get; } = [];

    public static MetricsPage Parse(string text)
    {
        var page = new MetricsPage();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line.Split(' ');
                Assert.True(page.Types.TryAdd(parts[2], parts[3]), $"{parts[2]} has its type twice");
            }
            else if (line[0] != '#')
            {
                page.Samples.Add(ReadSample(line));
            }
        }

        return page;
    }

    public IEnumerable<Sample> Named(string name) => Samples.Where(sample => sample.Name == name);

    /// <summary>The value of the only series called <paramref name="name"/>.</summary>
    public double Value(string name) => Assert.Single(Named(name)).Value;

    private static Sample ReadSample(string line)
    {
        var match = SampleLine().Match(line);
        Assert.True(match.Success, $"not a sample: {line}");
        var labels = Label().Matches(match.Groups["labels"].Value).ToDictionary(
            label => label.Groups["key"].Value,
            label => Escape().Replace(label.Groups["value"].Value, escape => escape.Groups["character"].Value == "n" ? "\n" : escape.Groups["character"].Value),
            StringComparer.Ordinal);
        return new Sample(match.Groups["name"].Value, labels, Number(match.Groups["value"].Value), match.Groups["rest"].Value);
    }

    private static double Number(string text) => text == "+Inf" ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?<labels>\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})? (?<value>\S+)(?<rest>.*)$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SampleLine();

    [GeneratedRegex("""(?<key>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\]|\\.)*)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();

    [GeneratedRegex(@"\\(?<character>.)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Escape();
}

/// <summary>One line of the page.</summary>
/// <param name="Rest">What follows the value: a timestamp or an exemplar.</param>
internal sealed record Sample(string Name, Dictionary<string, string> Labels, double Value, string Rest);
