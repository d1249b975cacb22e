using System.Globalization;
using Spectre.Console;

namespace Qmtl.Cli.Shell;

/// <summary>Draws results for people. Plain text where nobody looks at a terminal.</summary>
internal sealed class Screen
{
    // Wide enough for a path or an identity: what is piped on must not be folded.
    private const int PipeWidth = 4_000;
    private readonly IAnsiConsole _console;

    public Screen(CliHost host)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(host.Out),
            Ansi = host.OutIsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = host.OutIsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (!host.OutIsTerminal) _console.Profile.Width = PipeWidth;
    }

    public static Task<T> SpinAsync<T>(TextWriter error, string what, Func<Task<T>> work) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) }).Status().StartAsync(Markup.Escape(what), _ => work());

    /// <summary>One line.</summary>
    public void Line(string text) => _console.WriteLine(text);

    /// <summary>A heading.</summary>
    public void Heading(string text)
    {
        _console.WriteLine();
        _console.Write(new Text(text + Environment.NewLine, new Style(decoration: Decoration.Bold)));
    }

    /// <summary>Names and values in two columns; rows without a value are left out.</summary>
    public void Fields(params IEnumerable<(string Name, string? Value)> rows)
    {
        var present = rows.Where(row => !string.IsNullOrEmpty(row.Value)).ToArray();
        var width = present.Select(row => row.Name.Length).DefaultIfEmpty().Max();
        foreach (var (name, value) in present) _console.WriteLine($"  {name.PadRight(width)}  {value}");
    }

    /// <summary>Rows under headings.</summary>
    public void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var heading in headings) table.AddColumn(new TableColumn(new Text(heading)).NoWrap());
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        _console.Write(table);
    }

    public static string? Number(double? value) => value?.ToString("G6", CultureInfo.InvariantCulture);

    public static string? Percent(double? fraction) => fraction is { } value ? (value * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %" : null;

    public static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string YesNo(bool value) => value ? "yes" : "no";
}
