using System.Xml.Linq;

namespace Qmtl.Architecture.Tests;

/// <summary>A project of the tree: its name, its folder and the projects it names.</summary>
internal sealed record ProjectFile(string Name, string Path, IReadOnlyList<string> References, IReadOnlyList<string> Packages);

/// <summary>The working tree the tests run in, read from its project files.</summary>
internal static class SourceTree
{
    /// <summary>The folder that holds Qmtl.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every product project, by name; tests and stand-ins are not products.</summary>
    public static IReadOnlyDictionary<string, ProjectFile> Products { get; } =
        Directory.EnumerateFiles(Root, "*.csproj", SearchOption.AllDirectories)
            .Where(path => Area(path) is "sdk" or "services" or "workers" or "protos" or "Qmtl.ServiceDefaults" or "Qmtl.AppHost" or "samples" or "bench")
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}templates{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(Read)
            .ToDictionary(project => project.Name, StringComparer.Ordinal);

    /// <summary>The C# sources below <paramref name="folders"/>, without build output.</summary>
    public static IEnumerable<string> Sources(params string[] folders) =>
        folders.Select(folder => Path.Combine(Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    /// <summary>The first folder of a path below the root.</summary>
    public static string Area(string path) => Path.GetRelativePath(Root, path).Split(Path.DirectorySeparatorChar)[0];

    private static ProjectFile Read(string path)
    {
        var document = XDocument.Load(path);
        return new ProjectFile(
            Path.GetFileNameWithoutExtension(path),
            path,
            [.. Includes(document, "ProjectReference").Select(include => Path.GetFileNameWithoutExtension(include.Replace('\\', '/')))],
            [.. Includes(document, "PackageReference")]);
    }

    private static IEnumerable<string> Includes(XDocument document, string item) =>
        document.Descendants(item)
            // A resource of the application host is started, not linked.
            .Where(element => (string?)element.Attribute("ReferenceOutputAssembly") != "false")
            .Select(element => (string?)element.Attribute("Include") ?? "")
            .Where(include => include.Length > 0);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Qmtl.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("No Qmtl.sln above the test's own folder.");
    }
}
