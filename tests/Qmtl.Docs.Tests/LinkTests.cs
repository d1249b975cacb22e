using System.Text.RegularExpressions;

namespace Qmtl.Docs.Tests;

/// <summary>What documents point to is there.</summary>
public sealed partial class LinkTests
{
    private static readonly string[] Sources = ["sdk", "services", "Qmtl.ServiceDefaults", "Qmtl.AppHost", "samples", "tests/Qmtl.Testing"];

    [Fact]
    public void Links_LeadToAFileAndAHeading()
    {
        var links = Documents.All.SelectMany(document => Link().Matches(Documents.Prose(document)).Select(match => (document, target: match.Groups["target"].Value)))
            .Where(link => !link.target.Contains("://", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(links);

        Assert.All(links, link => Assert.True(Leads(link.document, link.target), $"{link.document} links to {link.target}"));
    }

    [Fact]
    public void Paths_InBackticks_Exist()
    {
        var paths = Documents.All.SelectMany(document => Documents.Spans(document).Where(span => TreePath().IsMatch(span)).Select(span => (document, span)));

        Assert.All(paths, path => Assert.True(Path.Exists(Path.Combine(Documents.Root, path.span)), $"{path.document} names {path.span}"));
    }

    [Fact]
    public void Settings_AreReadSomewhere()
    {
        var page = Documents.Read("docs/run.md");
        var table = page[page.IndexOf("<!-- settings -->", StringComparison.Ordinal)..];
        table = table[..table.IndexOf("\n\n", StringComparison.Ordinal)];
        var names = table.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => Code().Matches(line.Split('|')[1]).Select(match => match.Groups["code"].Value))
            .Where(name => !name.EndsWith('*')).ToArray();
        Assert.True(names.Length > 10);

        var code = string.Concat(Sources.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Documents.Root, folder), "*.cs", SearchOption.AllDirectories)).Select(File.ReadAllText));
        // services:name:endpoint:0 is the form that service discovery itself defines.
        var unread = names.Where(name => !name.StartsWith("services:", StringComparison.Ordinal) && !code.Contains(LastPart(name), StringComparison.Ordinal));

        Assert.Empty(unread);
    }

    // A port's key is made from the name of its endpoint.
    private static string LastPart(string setting) => setting.EndsWith("_PORT", StringComparison.Ordinal) ? "_PORT" : setting[(setting.LastIndexOf(':') + 1)..];

    private static bool Leads(string document, string target)
    {
        var (path, heading) = target.Split('#') is [var file, var anchor] ? (file, anchor) : (target, "");
        var full = path.Length == 0 ? Path.Combine(Documents.Root, document) : Path.GetFullPath(Path.Combine(Documents.Root, Path.GetDirectoryName(document)!, path));
        return Path.Exists(full) && (heading.Length == 0 || File.ReadLines(full).Any(line => line.StartsWith('#') && Anchor(line) == heading));
    }

    private static string Anchor(string heading) => NotInAnchors().Replace(heading.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^(?:sdk|services|tests|samples|protos|compat|eng|docs)/[\w./-]*$|^Qmtl\.(?:AppHost|ServiceDefaults)/?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TreePath();

    [GeneratedRegex("`(?<code>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();

    [GeneratedRegex("[^a-z0-9 _-]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NotInAnchors();
}
