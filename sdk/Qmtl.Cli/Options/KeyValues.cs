using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Options;

/// <summary>Repeatable options of the form name=value.</summary>
internal static class KeyValues
{
    public static Option<string[]> Option(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.ZeroOrMore,
        DefaultValueFactory = _ => [],
    };

    /// <summary>The pairs, each name once.</summary>
    public static Dictionary<string, string> Read(Option<string[]> option, CliRun run)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in run.Get(option) ?? [])
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new UsageException(option.Name, $"{option.Name} must be name=value, was \"{pair}\".");
            if (!values.TryAdd(pair[..at], pair[(at + 1)..])) throw new UsageException(option.Name, $"{option.Name} gives {pair[..at]} twice; leave one out.");
        }

        return values;
    }
}
