namespace Aspire.Hosting.Running;

/// <summary>A process to start.</summary>
internal sealed record ProcessPlan(string Program, IReadOnlyList<string> Arguments, string WorkingDirectory)
{
    /// <summary>The variables it is given on top of the AppHost's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The signal that asks it to end, without "SIG".</summary>
    public string StopSignal { get; init; } = "TERM";

    /// <summary>How long it may take to end before it is killed.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Finds installed programs.</summary>
internal static class Programs
{
    /// <summary>The path of a program: as given when it is a path, else the first of that name on PATH.</summary>
    public static string? Find(string program) => program.Contains('/', StringComparison.Ordinal)
        ? File.Exists(program) ? Path.GetFullPath(program) : null
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    public static string Require(string program, string hint) =>
        Find(program) ?? throw new DistributedApplicationException($"The program '{program}' was not found{(program.Contains('/', StringComparison.Ordinal) ? "" : " on PATH")}. {hint}".TrimEnd());

    /// <summary>The dotnet that runs this.</summary>
    public static string DotNet() => Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet"
        ? own
        : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : Require("dotnet", "Install the .NET SDK.");
}
