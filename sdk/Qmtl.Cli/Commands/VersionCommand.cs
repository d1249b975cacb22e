using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands;

/// <summary>What this is.</summary>
internal sealed class VersionCommand(CliShell shell) : CliCommand(shell, "version", "Show the version.")
{
    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var version = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        run.Print(
            () => new JsonObject { ["version"] = version, ["runtime"] = RuntimeInformation.FrameworkDescription },
            screen => screen.Line($"qmtl {version} on {RuntimeInformation.FrameworkDescription}"));
        return Task.FromResult(ExitCodes.Done);
    }
}
