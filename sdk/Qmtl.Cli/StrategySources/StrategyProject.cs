using System.Diagnostics;
using Qmtl.Identity;

namespace Qmtl.Cli.StrategySources;

/// <summary>Builds a strategy project.</summary>
internal static class StrategyProject
{
    private const int MostErrors = 3;

    /// <summary>Builds the project in <paramref name="folder"/>.</summary>
    /// <returns>Path of its assembly.</returns>
    public static async Task<string> BuildAsync(string folder, TextWriter progress, CancellationToken cancellationToken)
    {
        var project = Find(folder);
        await progress.WriteLineAsync($"building {project}");
        var built = await DotnetAsync(["build", project, "-c", "Release", "-v", "quiet", "--nologo", "-clp:NoSummary"], cancellationToken);
        if (built.ExitCode != 0) throw Failed(project, built.Output);
        var asked = await DotnetAsync(["msbuild", project, "-getProperty:TargetPath", "-p:Configuration=Release", "-nologo"], cancellationToken);
        var path = asked.Output.Trim();
        return asked.ExitCode == 0 && File.Exists(path) ? path : throw Failed(project, asked.Output);
    }

    private static string Find(string folder)
    {
        var projects = Directory.GetFiles(folder, "*.csproj");
        return projects.Length switch
        {
            1 => projects[0],
            0 => throw RefusalException.At(ReasonCodes.StrategyUnknown, "/strategy", $"The folder {folder} has no project (*.csproj)."),
            _ => throw RefusalException.At(ReasonCodes.StrategyUnknown, "/strategy", $"The folder {folder} has {projects.Length} projects; give each its own folder."),
        };
    }

    private static RefusalException Failed(string project, string output)
    {
        var errors = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.Contains("error", StringComparison.OrdinalIgnoreCase)).Distinct(StringComparer.Ordinal).Take(MostErrors);
        return RefusalException.At(ReasonCodes.StrategyInvalid, "/strategy", $"{project} does not build: {string.Join(" | ", errors)}");
    }

    private static async Task<(int ExitCode, string Output)> DotnetAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // This process may itself have been started by a build tool, whose settings are not meant for the user's project.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        using var process = Process.Start(start) ?? throw RefusalException.At(ReasonCodes.StrategyInvalid, "/strategy", "The dotnet command cannot be started.");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
