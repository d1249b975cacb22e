using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Qmtl.Testing;

/// <summary>One server program in a temporary folder, which never outlives the test process.</summary>
/// <remarks>
/// A small shell stands between the test process and the server and reads a pipe that only the test process holds open. When the
/// test process ends, in whatever way, kill -9 included, the pipe closes, the shell stops its one child and removes the folder.
/// (A parent-death signal would not do: Linux ties it to the thread that started the child, not to the process.)
/// </remarks>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Guard = """
        dir=$1; log=$2; signal=$3; shift 3
        exec 3<&0
        "$@" </dev/null 3<&- >>"$log" 2>&1 &
        child=$!
        echo $child
        ( read -r word <&3; [ "$word" = keep ] || touch "$log.gone"; kill -$signal $child 2>/dev/null ) &
        watcher=$!
        wait $child
        code=$?
        kill $watcher 2>/dev/null
        if [ -e "$log.gone" ]; then rm -rf -- "$dir"; fi
        exit $code
        """;

    private readonly Process _guard;

    private ServerProcess(Process guard, int serverId, string log)
    {
        _guard = guard;
        ServerId = serverId;
        Log = log;
    }

    /// <summary>The process id of the server itself.</summary>
    public int ServerId { get; }

    public string Log { get; }

    public bool HasExited => _guard.HasExited;

    public static ServerProcess Start(string folder, string stopSignal, IEnumerable<string> command)
    {
        var log = Path.Combine(folder, "server.log");
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = folder,
        };
        foreach (var argument in (string[])["-c", Guard, "guard", folder, log, stopSignal, .. command]) start.ArgumentList.Add(argument);
        var guard = Process.Start(start) ?? throw new InvalidOperationException("/bin/sh did not start.");
        var id = guard.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The guard shell ended before it started the server.");
        return new ServerProcess(guard, int.Parse(id, CultureInfo.InvariantCulture), log);
    }

    /// <summary>As root, the prefix that runs a command as <paramref name="user"/> under the same process id.</summary>
    public static string[] RunAs(string user) =>
        Machine.IsRoot ? ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", "--"] : [];

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static async Task RunAsync(string program, IEnumerable<string> arguments, string folder)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync()).Within(120);
        await process.WaitForExitAsync().Within(120);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {string.Join('\n', output)}");
    }

    /// <summary>Asks until <paramref name="ready"/> answers true; a server that ended meanwhile is an error with its last words.</summary>
    public async Task WaitUntilAsync(Func<Task<bool>> ready, string what)
    {
        var patience = Stopwatch.StartNew();
        while (!await ready())
        {
            if (HasExited) throw new InvalidOperationException($"{what} ended with {_guard.ExitCode}: {LastWords()}");
            if (patience.Elapsed > TimeSpan.FromSeconds(60)) throw new TimeoutException($"{what} was not ready within 60 s: {LastWords()}");
            await Task.Delay(25);
        }
    }

    /// <summary>kill -9 of the server: nothing is flushed, the folder stays.</summary>
    public async Task KillAsync()
    {
        using var server = Process.GetProcessById(ServerId);
        server.Kill();
        await _guard.WaitForExitAsync().Within(30);
    }

    /// <summary>Stops the server and leaves its folder.</summary>
    public async Task StopAsync()
    {
        if (HasExited) return;
        await _guard.StandardInput.WriteLineAsync("keep");
        await _guard.StandardInput.FlushAsync();
        await _guard.WaitForExitAsync().Within(60);
    }

    /// <summary>Stops the server and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            _guard.StandardInput.Close();
            await _guard.WaitForExitAsync().Within(60);
        }
        _guard.Dispose();
    }

    private string LastWords() => File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(20)) : "it wrote no log";
}
