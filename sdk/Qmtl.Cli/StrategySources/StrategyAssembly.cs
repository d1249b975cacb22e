using System.Reflection;
using System.Runtime.Loader;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Cli.StrategySources;

/// <summary>Strategies from an assembly of the user's.</summary>
internal static class StrategyAssembly
{
    /// <summary>Makes the strategy of type <paramref name="typeName"/>, or the only one there is.</summary>
    /// <param name="path">The assembly.</param>
    /// <param name="typed">What the user named it by: the same path, or the folder it was built from.</param>
    /// <param name="typeName">The type; null where there is only one.</param>
    public static Strategy Create(string path, string typed, string? typeName)
    {
        var full = Path.GetFullPath(path);
        if (!File.Exists(full)) throw RefusalException.At(ReasonCodes.NotFound, "/strategy", $"There is no file {path}.");
        try
        {
            var assembly = new Context(full).LoadFromAssemblyPath(full);
            return StrategyCatalog.Create(Choose(typed, typeName, [.. assembly.GetTypes().Where(IsStrategy)], assembly));
        }
        catch (ReflectionTypeLoadException problem)
        {
            throw Mistaken(path, $"a type cannot be loaded: {problem.LoaderExceptions.FirstOrDefault()?.Message ?? problem.Message}", problem);
        }
        catch (Exception problem) when (problem is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException)
        {
            throw Mistaken(path, $"it cannot be loaded: {problem.Message}", problem);
        }
    }

    private static bool IsStrategy(Type type) => type is { IsAbstract: false } && type.IsSubclassOf(typeof(Strategy));

    private static Type Choose(string typed, string? typeName, Type[] strategies, Assembly assembly)
    {
        // A type that is no strategy is given on, because the catalog says what is wrong with it.
        if (typeName is not null && assembly.GetType(typeName) is { } named) return named;
        var names = strategies.Select(type => type.FullName!).Order(StringComparer.Ordinal).ToArray();
        if (typeName is not null)
        {
            var near = Nearest.To(typeName, names) is { } close ? $"; did you mean {close}?" : ".";
            throw RefusalException.At(ReasonCodes.StrategyUnknown, "/strategy", $"{typed} has no type {typeName}{near}{(names.Length == 0 ? " It has no strategy at all." : $" Its strategies are {string.Join(", ", names)}.")}");
        }

        return strategies.Length switch
        {
            1 => strategies[0],
            0 => throw RefusalException.At(ReasonCodes.StrategyUnknown, "/strategy", $"{typed} has no class that derives from Qmtl.Strategies.Strategy."),
            _ => throw RefusalException.At(ReasonCodes.StrategyUnknown, "/strategy", $"{typed} has several strategies; name one as {typed}:{names[0]}. There are {string.Join(", ", names)}."),
        };
    }

    private static RefusalException Mistaken(string path, string problem, Exception cause) =>
        new(ReasonCodes.StrategyInvalid, $"{path}: {problem}", [new FieldError("/strategy", problem)], null, cause);

    /// <summary>Loads the user's dependencies from the user's folder. QMTL itself is this process's, or the strategy would derive from another Strategy.</summary>
    private sealed class Context(string path) : AssemblyLoadContext("strategy:" + Path.GetFileName(path))
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            if (assemblyName.Name?.StartsWith("Qmtl.", StringComparison.Ordinal) == true && IsOurs(assemblyName)) return null;
            return _resolver.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;
        }

        protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
            _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } found ? LoadUnmanagedDllFromPath(found) : nint.Zero;

        private static bool IsOurs(AssemblyName name) => File.Exists(Path.Combine(AppContext.BaseDirectory, name.Name + ".dll"));
    }
}
