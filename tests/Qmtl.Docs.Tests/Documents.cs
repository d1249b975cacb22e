using System.Text.RegularExpressions;

namespace Qmtl.Docs.Tests;

/// <summary>A fenced block of a document.</summary>
/// <param name="Document">The file, relative to the root.</param>
/// <param name="Line">Line of the fence, from 1.</param>
/// <param name="Language">What the fence says.</param>
/// <param name="Text">What stands between the fences.</param>
/// <param name="Runs">Whether the line above marks it as a session that runs as it stands.</param>
internal sealed record Block(string Document, int Line, string Language, string Text, bool Runs)
{
    public IEnumerable<string> Lines => Text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    public override string ToString() => $"{Document}:{Line}";
}

/// <summary>What a reader meets: the pages of docs/, the README at the root, and those of the projects.</summary>
internal static partial class Documents
{
    private const string Fence = "```";
    private const string RunMark = "<!-- runs -->";

    /// <summary>The folder that holds Qmtl.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The pages for users, relative to the root.</summary>
    public static IReadOnlyList<string> Pages { get; } = ["README.md", .. Markdown("docs")];

    /// <summary>Those, and what projects say to who works on them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. Pages, .. new[] { "protos", "sdk", "services", "samples", "compat", "Qmtl.AppHost", "Qmtl.ServiceDefaults" }.SelectMany(Markdown)];

    /// <summary>Every fenced block in a language.</summary>
    public static IEnumerable<Block> Blocks(IReadOnlyList<string> documents, params string[] languages) =>
        documents.SelectMany(BlocksOf).Where(block => languages.Contains(block.Language, StringComparer.Ordinal));

    /// <summary>The text of a file of the tree.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Text in single backticks, outside of fences.</summary>
    public static IEnumerable<string> Spans(string document) => CodeSpan().Matches(Prose(document)).Select(match => match.Groups["code"].Value);

    /// <summary>A document without its fenced blocks.</summary>
    public static string Prose(string document) => FencedBlock().Replace(Read(document), "");

    private static IEnumerable<string> Markdown(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Root, path))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin" or "templates")).Order(StringComparer.Ordinal);

    private static IEnumerable<Block> BlocksOf(string document)
    {
        var lines = Read(document).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal)) continue;
            var end = Array.FindIndex(lines, i + 1, line => line.StartsWith(Fence, StringComparison.Ordinal));
            yield return new Block(document, i + 1, lines[i][Fence.Length..].Trim(), string.Join('\n', lines[(i + 1)..end]), i > 0 && lines[i - 1].Trim() == RunMark);
            i = end;
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Qmtl.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Qmtl.sln.");
    }

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FencedBlock();

    [GeneratedRegex(@"`(?<code>[^`\n]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CodeSpan();
}
