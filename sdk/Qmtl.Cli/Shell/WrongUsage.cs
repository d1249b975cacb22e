using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Cli.Shell;

/// <summary>A command line that could not be understood: says what is wrong with it and what was probably meant.</summary>
internal sealed class WrongUsage(CliShell shell, ParseResult parse)
{
    /// <summary>Whether the command line makes no sense.</summary>
    public bool IsWrong => parse.Action is null or ParseErrorAction || Stray is not null;

    /// <summary>An option that does not exist, taken for a value by the option before it.</summary>
    private string? Stray => parse.Action is System.CommandLine.Help.HelpAction
        ? null
        : parse.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).FirstOrDefault(token => token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal))?.Value;

    /// <summary>Says so.</summary>
    /// <returns>The exit code.</returns>
    public int Report()
    {
        var path = string.Join(' ', Path().Append("--help"));
        var (field, message) = Unmatched() ?? FirstError();
        return new ProblemReport(shell.Host, shell.WantsJson(parse)).Write(RefusalException.At(ReasonCodes.InvalidArgument, field.Length == 0 ? "" : "/" + field, message), ExitCodes.Usage, $"see: qmtl {path}");
    }

    private Stack<string> Path()
    {
        var names = new Stack<string>();
        for (SymbolResult? result = parse.CommandResult; result is CommandResult { Parent: not null } command; result = result.Parent) names.Push(command.Command.Name);
        return names;
    }

    /// <summary>A word that is no command, option or argument here.</summary>
    private (string Field, string Message)? Unmatched()
    {
        if ((Stray ?? (parse.UnmatchedTokens is [var first, ..] ? first : null)) is not { } word) return null;
        var command = parse.CommandResult.Command;
        if (word.StartsWith('-') && OptionsOf(command).Contains(word, StringComparer.Ordinal)) return WithoutValue(word);
        if (word.StartsWith('-')) return (word.TrimStart('-'), $"{Described(command)} has no option {word}{Meant(word, OptionsOf(command))}");
        return command.Subcommands.Count > 0
            ? ("", $"There is no command \"{string.Join(' ', Path().Append(word))}\"{Meant(word, command.Subcommands.Select(sub => sub.Name))}")
            : ("", $"{Described(command)} takes no further argument \"{word}\".");
    }

    /// <summary>An option that exists, where the value of the one before it should be.</summary>
    private (string Field, string Message) WithoutValue(string next)
    {
        var before = parse.Tokens.TakeWhile(token => !string.Equals(token.Value, next, StringComparison.Ordinal)).LastOrDefault(token => token.Type == TokenType.Option)?.Value ?? next;
        return (before.TrimStart('-'), $"{before} has no value: {next} comes next.");
    }

    private (string Field, string Message) FirstError()
    {
        var error = parse.Errors[0];
        var command = parse.CommandResult.Command;
        if (command.Subcommands.Count > 0 && error.SymbolResult is CommandResult)
            return ("", $"Which command? {(command is RootCommand ? "qmtl" : Described(command))} has {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}.");
        return error.SymbolResult switch
        {
            OptionResult option => (option.Option.Name.TrimStart('-'), error.Message),
            ArgumentResult { Parent: OptionResult option } => (option.Option.Name.TrimStart('-'), error.Message),
            ArgumentResult argument => (argument.Argument.Name, error.Message),
            _ => ("", error.Message),
        };
    }

    private IEnumerable<string> OptionsOf(Command command)
    {
        var options = command.Options.AsEnumerable();
        for (SymbolResult? result = parse.CommandResult.Parent; result is CommandResult parent; result = result.Parent) options = options.Concat(parent.Command.Options.Where(option => option.Recursive));
        return options.Select(option => option.Name);
    }

    private static string Described(Command command) => command is RootCommand ? "qmtl" : command.Name;

    private static string Meant(string word, IEnumerable<string> known) => Nearest.To(word, known) is { } near ? $"; did you mean {near}?" : ".";
}
