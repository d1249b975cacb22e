using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;

namespace Qmtl.AppHost;

/// <summary>Finds out whether containers can be run.</summary>
internal static class ContainerRuntime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Asks the runtime itself: that a client is installed says nothing about it.</summary>
    public static bool Answers()
    {
        // Built without the Aspire packages there is nothing that would run a container, whatever answers.
        if (typeof(DistributedApplication).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Any(a => a is { Key: "RunsContainers", Value: "false" })) return false;
        try
        {
            var start = new ProcessStartInfo("docker", ["info"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            using var docker = Process.Start(start);
            if (docker is null) return false;
            docker.OutputDataReceived += static (_, _) => { };
            docker.ErrorDataReceived += static (_, _) => { };
            docker.BeginOutputReadLine();
            docker.BeginErrorReadLine();
            if (docker.WaitForExit(Patience)) return docker.ExitCode == 0;
            docker.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
