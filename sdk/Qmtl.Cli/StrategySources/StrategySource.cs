using Qmtl.Cli.Shell;
using Qmtl.Strategies;

namespace Qmtl.Cli.StrategySources;

/// <summary>Finds the strategy that a user names: a built-in one, a class in an assembly, or a project that is built first.</summary>
internal static class StrategySource
{
    private const string AssemblyExtension = ".dll";

    public static async Task<Strategy> ResolveAsync(string text, TextWriter progress, CancellationToken cancellationToken)
    {
        if (StrategyCatalog.Find(text) is { } builtIn) return builtIn.Create();
        var (path, type) = Split(text);
        if (path.EndsWith(AssemblyExtension, StringComparison.OrdinalIgnoreCase)) return StrategyAssembly.Create(path, path, type);
        if (Directory.Exists(path)) return StrategyAssembly.Create(await StrategyProject.BuildAsync(path, progress, cancellationToken), path, type);
        return Usage.Of(() => StrategyCatalog.Create(text));
    }

    /// <summary>Path and type of "path:Namespace.Type"; a colon that belongs to the path (C:\...) stays there.</summary>
    private static (string Path, string? Type) Split(string text)
    {
        var at = text.LastIndexOf(':');
        return at > 1 && text.AsSpan(at).IndexOfAny('/', '\\') < 0 ? (text[..at], text[(at + 1)..]) : (text, null);
    }
}
