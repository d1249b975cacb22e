using System.Diagnostics;
using System.Globalization;
using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Engine;

/// <summary>The largest working set of a process that does one thing only, its input included.</summary>
/// <remarks>The process is this program again, told by <see cref="Argument"/> what to do: the memory of a process that has done more says nothing.</remarks>
internal sealed class PeakMemory(string name, string what, Goal goal) : Benchmark(name, what, goal)
{
    /// <summary>The first argument of such a process; the second one is the scale.</summary>
    public const string Argument = "--peak-memory-of-A1";

    /// <summary>Runs what is measured and prints the peak in bytes.</summary>
    public static void Serve(string scale, TextWriter output)
    {
        OneSymbol.RunOnce(Enum.Parse<Scale>(scale));
        using var self = Process.GetCurrentProcess();
        output.WriteLine(self.PeakWorkingSet64.ToString(CultureInfo.InvariantCulture));
    }

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        // Started through the host "dotnet", the program is the host's first argument.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(PeakMemory).Assembly.Location);
        start.ArgumentList.Add(Argument);
        start.ArgumentList.Add(scale.ToString());
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        var text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? [new Measurement(Name, "MB", bytes / 1e6, Baseline: null, Ratio: null, N: 1)]
            : throw new InvalidOperationException($"{Name}: the process ended with {process.ExitCode} and said \"{text.Trim()}\".");
    }
}
