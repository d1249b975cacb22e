using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Aspire.Hosting.Running;

/// <summary>A child process that cannot outlive this one.</summary>
/// <remarks>
/// The child is started by a small shell that holds the read end of a pipe from here. When this process ends, however hard, the
/// pipe closes, and the shell ends the child and everything the child started. PR_SET_PDEATHSIG would be simpler but is bound to
/// the thread that forks, and threads of the pool come and go. The shell leads a session of its own, so that Ctrl-C in a terminal
/// reaches only the AppHost, which then stops its children in order.
/// </remarks>
internal sealed partial class SupervisedProcess : IDisposable
{
    private const string Script =
        """
        stop=$1; grace=$2; shift 2
        exec 3<&0 </dev/null
        "$@" 3<&- &
        child=$!
        orphaned=
        trap 'orphaned=1' USR1
        trap 'kill -s TERM "$child"' TERM INT
        (
          trap - USR1 TERM INT
          while read -r signal; do kill -s "$signal" "$child"; done
          kill -s USR1 $$
          kill -s "$stop" "$child"
          tenths=0
          while [ $tenths -lt $((grace * 10)) ] && kill -0 "$child"; do sleep 0.1; tenths=$((tenths + 1)); done
          kill -s KILL -- -$$
        ) <&3 >/dev/null 2>&1 &
        reader=$!
        exec 3<&-
        while :; do
          wait "$child"; code=$?
          kill -0 "$child" 2>/dev/null || break
        done
        [ -n "$orphaned" ] && wait "$reader"
        kill "$reader" 2>/dev/null
        exit $code
        """;

    // A child must not listen where the AppHost was told to, nor take its launch profile for its own.
    private static readonly string[] NotInherited =
        ["ASPNETCORE_URLS", "DOTNET_LAUNCH_PROFILE", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

    private readonly Process _process;
    private readonly ProcessPlan _plan;

    private SupervisedProcess(Process process, ProcessPlan plan, Action<string, bool> onLine)
    {
        _process = process;
        _plan = plan;
        Exit = WaitAsync(DrainAsync(process.StandardOutput, line => onLine(line, false)), DrainAsync(process.StandardError, line => onLine(line, true)));
    }

    /// <summary>Ends with the exit code; 128 and the signal's number when a signal ended the child.</summary>
    public Task<int> Exit { get; }

    public static SupervisedProcess Start(ProcessPlan plan, Action<string, bool> onLine)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new DistributedApplicationException(
                "This stand-in for Aspire.Hosting runs applications on Linux only. Elsewhere build with the real packages (QmtlFeed=public).");
        }

        var program = Programs.Require(plan.Program, "");
        var start = new ProcessStartInfo(Programs.Require("setsid", "Install util-linux."))
        {
            WorkingDirectory = plan.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] supervisor = ["/bin/sh", "-c", Script, "supervisor", plan.StopSignal, ((int)plan.Grace.TotalSeconds).ToString(CultureInfo.InvariantCulture), program];
        foreach (var argument in supervisor.Concat(plan.Arguments)) start.ArgumentList.Add(argument);
        foreach (var name in NotInherited) start.Environment.Remove(name);
        foreach (var (name, value) in plan.Environment) start.Environment[name] = value;
        return new SupervisedProcess(Process.Start(start)!, plan, onLine);
    }

    /// <summary>The id of the child itself; null when it has ended before anyone could look.</summary>
    public async Task<int?> ChildIdAsync(TimeProvider time)
    {
        // The shell needs a moment to start it.
        const int Tries = 50;
        for (var i = 0; i < Tries && !Exit.IsCompleted; i++)
        {
            if (ReadChildId() is { } id) return id;
            await Task.Delay(TimeSpan.FromMilliseconds(10), time).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Asks the child to end and kills what is left when its time is over. Says whether it had to be killed.</summary>
    public async Task<bool> StopAsync(TimeProvider time)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(_plan.StopSignal).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // It has ended already.
        }

        var killed = false;
        try
        {
            await Exit.WaitAsync(_plan.Grace, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            killed = true;
            KillGroup();
            await Exit.ConfigureAwait(false);
        }

        return killed;
    }

    public void Dispose()
    {
        if (!_process.HasExited) KillGroup();
        _process.Dispose();
    }

    private static async Task DrainAsync(StreamReader from, Action<string> onLine)
    {
        while (await from.ReadLineAsync().ConfigureAwait(false) is { } line) onLine(line);
    }

    private int? ReadChildId()
    {
        var file = string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/task/{_process.Id}/children");
        try
        {
            var first = File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return int.TryParse(first, CultureInfo.InvariantCulture, out var id) ? id : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private async Task<int> WaitAsync(Task output, Task errors)
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        var code = _process.ExitCode;
        // What the child started and left behind goes with it; it would also keep the output open.
        KillGroup();
        await Task.WhenAll(output, errors).ConfigureAwait(false);
        return code;
    }

    /// <summary>Kills everything in the shell's session that did not make a group of its own.</summary>
    private void KillGroup() => _ = Kill(-_process.Id, 9);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
