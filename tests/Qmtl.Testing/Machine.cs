using System.Diagnostics;

namespace Qmtl.Testing;

/// <summary>What this machine has installed.</summary>
public static class Machine
{
    /// <summary>Whether this process may do anything, which Postgres refuses to run as.</summary>
    public static bool IsRoot => string.Equals(Environment.UserName, "root", StringComparison.Ordinal);

    /// <summary>The folder of real market data, or null.</summary>
    public static string? MarketDataFolder =>
        Environment.GetEnvironmentVariable("QMTL_TEST_DATA") is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;

    /// <summary>The python interpreter that has grpcio: QMTL_PYTHON, else the system's own.</summary>
    public static string Python => Environment.GetEnvironmentVariable("QMTL_PYTHON") is { Length: > 0 } python ? python : "/usr/bin/python3";

    /// <summary>Why <paramref name="needs"/> cannot be met here, or null when they can.</summary>
    public static string? WhyMissing(Needs needs)
    {
        var missing = Checks.Where(check => needs.HasFlag(check.Need) && !check.Present()).Select(check => check.Fix).ToArray();
        return missing.Length == 0 ? null : string.Join("; ", missing);
    }

    /// <summary>The Postgres binary <paramref name="name"/>, on PATH or where Debian keeps it.</summary>
    public static string? PostgresBinary(string name) =>
        OnPath(name) ?? (Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal)
                .Select(version => Path.Combine(version, "bin", name)).FirstOrDefault(File.Exists)
            : null);

    /// <summary>The first file called <paramref name="name"/> on PATH.</summary>
    public static string? OnPath(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static readonly (Needs Need, Func<bool> Present, string Fix)[] Checks =
    [
        (Needs.Postgres, () => PostgresBinary("initdb") is not null, "needs the Postgres server (package postgresql)"),
        (Needs.Redis, () => OnPath("redis-server") is not null, "needs redis-server"),
        (Needs.Kafka, () => Directory.Exists("/usr/lib") && Directory.EnumerateFiles("/usr/lib", "librdkafka.so.1", SearchOption.AllDirectories).Any(), "needs librdkafka1"),
        (Needs.PythonGrpc, () => Succeeds(Python, "-c", "import grpc, grpc_tools"), "needs python3 with grpcio and grpcio-tools (packages python3-grpcio, python3-grpc-tools)"),
        (Needs.Chromium, () => OnPath("chromium") is not null, "needs chromium"),
        (Needs.MarketData, () => MarketDataFolder is not null, "needs QMTL_TEST_DATA to name a folder of market data"),
        (Needs.Promtool, () => OnPath("promtool") is not null, "needs promtool (package prometheus)"),
    ];

    private static bool Succeeds(string program, params string[] arguments)
    {
        if (!File.Exists(program)) return false;
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false });
        return process is not null && process.WaitForExit(10_000) && process.ExitCode == 0;
    }
}
