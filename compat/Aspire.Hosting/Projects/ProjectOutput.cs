using System.Reflection;
using System.Runtime.Versioning;
using System.Xml.Linq;

namespace Aspire.Hosting;

/// <summary>Finds what a project was built to. Nothing is built here: the AppHost's own build has done it.</summary>
internal static class ProjectOutput
{
    public static string Find(string resource, string projectPath, Assembly? appHost)
    {
        if (!File.Exists(projectPath))
        {
            throw new DistributedApplicationException($"Resource '{resource}': there is no project at {projectPath}.");
        }

        var configuration = appHost?.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration is { Length: > 0 } own ? own : "Debug";
        var assembly = AssemblyName(projectPath) + ".dll";
        var folder = Path.Combine(Path.GetDirectoryName(projectPath)!, "bin", configuration);
        var expected = Path.Combine(folder, Framework(appHost), assembly);
        if (File.Exists(expected)) return expected;

        var others = Directory.Exists(folder)
            ? Directory.GetDirectories(folder).Select(framework => Path.Combine(framework, assembly)).Where(File.Exists).ToArray()
            : [];
        return others is [var only]
            ? only
            : throw new DistributedApplicationException(
                $"Resource '{resource}': {expected} is missing. Build the project first: dotnet build \"{projectPath}\" -c {configuration}. " +
                "(A ProjectReference to it in the AppHost's project makes every build of the AppHost do so.)");
    }

    private static string AssemblyName(string projectPath)
    {
        var declared = XDocument.Load(projectPath).Root?.Elements("PropertyGroup").Elements("AssemblyName").LastOrDefault()?.Value.Trim();
        return declared is { Length: > 0 } && !declared.Contains('$', StringComparison.Ordinal) ? declared : Path.GetFileNameWithoutExtension(projectPath);
    }

    private static string Framework(Assembly? appHost)
    {
        var name = appHost?.GetCustomAttribute<TargetFrameworkAttribute>()?.FrameworkName;
        return "net" + (name is null ? Environment.Version.ToString(2) : new FrameworkName(name).Version.ToString(2));
    }
}
