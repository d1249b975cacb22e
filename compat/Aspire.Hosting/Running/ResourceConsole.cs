namespace Aspire.Hosting.Running;

/// <summary>Shows what resources print and what happens to them, each line with the name of its resource.</summary>
internal sealed class ResourceConsole(TextWriter output, TextWriter errors, bool colours)
{
    private static readonly int[] Palette = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _colours = new(StringComparer.Ordinal);
    private int _width;

    /// <summary>The console of this process; coloured on a terminal only, and not where NO_COLOR asks for none.</summary>
    public static ResourceConsole OnStandardOutput { get; } = new(
        Console.Out,
        Console.Error,
        !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));

    /// <summary>Aligns the lines of these resources.</summary>
    public void Expect(IEnumerable<string> names)
    {
        lock (_gate) _width = names.Append("").Max(name => name.Length);
    }

    /// <summary>A line that a resource printed.</summary>
    public void Printed(string resource, string line, bool isError) => Write(isError ? errors : output, resource, '|', line);

    /// <summary>Something that happened to a resource.</summary>
    public void Happened(string resource, string what) => Write(output, resource, '>', what);

    private void Write(TextWriter to, string resource, char mark, string line)
    {
        lock (_gate)
        {
            var prefix = $"{resource.PadRight(_width)} {mark} ";
            to.WriteLine(colours ? $"\e[{Colour(resource)}m{prefix}\e[0m{line}" : prefix + line);
        }
    }

    private int Colour(string resource)
    {
        if (!_colours.TryGetValue(resource, out var colour)) _colours[resource] = colour = Palette[_colours.Count % Palette.Length];
        return colour;
    }
}
