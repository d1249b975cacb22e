using System.Diagnostics;
using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>The refusals of authoring: each names the node, parameter or name at fault and what would be right.</summary>
internal static class Refuse
{
    /// <summary>An expression holds those of its inputs: so many characters name it to its author.</summary>
    private const int NodeLength = 80;

    public static RefusalException Graph(string node, string problem)
    {
        var named = Brief(node, NodeLength);
        return new(ReasonCodes.StrategyInvalid, $"{named}: {problem}{(problem.EndsWith('?') ? "" : ".")}", [new FieldError("/" + Escape(named), problem)]);
    }

    /// <summary>At most <paramref name="most"/> characters of an expression: how it begins, and how it ends.</summary>
    public static string Brief(string text, int most)
    {
        const string Gap = "...";
        var head = most * 3 / 5;
        return text.Length <= most ? text : $"{text.AsSpan(0, head)}{Gap}{text.AsSpan(text.Length - (most - head - Gap.Length))}";
    }

    /// <summary>An exception of the author's own code, with the line it came from where symbols tell.</summary>
    public static RefusalException Thrown(string owner, string what, Exception problem, string hint = "")
    {
        var frame = Array.Find(new StackTrace(problem, fNeedFileInfo: true).GetFrames(), candidate => candidate.GetMethod()?.Module.Assembly != typeof(Refuse).Assembly && candidate.GetFileName() is not null);
        var place = frame is null ? "" : string.Create(CultureInfo.InvariantCulture, $" ({Path.GetFileName(frame.GetFileName())}, line {frame.GetFileLineNumber()})");
        var text = $"{what} threw {problem.GetType().Name}{place}: {problem.Message}{(hint.Length > 0 ? $"; {hint}." : "")}";
        return new RefusalException(ReasonCodes.StrategyInvalid, $"{owner}: {text}", [new FieldError("/" + Escape(owner), text)], metadata: null, problem);
    }

    public static RefusalException Argument(string operation, Node input, string argument, string problem) =>
        new(ReasonCodes.StrategyInvalid, $"{operation}({Brief(input.Text, NodeLength)}): {argument} {problem}.", [new FieldError($"/{operation}/{argument}", problem)]);

    public static RefusalException Parameter(string name, string problem) =>
        RefusalException.At(ReasonCodes.InvalidArgument, "/params/" + Escape(name), $"The parameter {name} {problem}.");

    /// <summary>A rule between parameters; those that it names are given with their values.</summary>
    public static RefusalException Rule(string owner, string rule, IReadOnlyList<Param> parameters)
    {
        Param[] named = [.. parameters.Where(parameter => Words(rule).Contains(parameter.Name, StringComparer.Ordinal))];
        if (named.Length == 0) named = [.. parameters];
        return new(
            ReasonCodes.InvalidArgument,
            $"{owner}: {rule}, was {string.Join(", ", named.Select(parameter => parameter.ToString()))}.",
            [.. named.Select(parameter => new FieldError("/params/" + Escape(parameter.Name), rule))]);
    }

    public static RefusalException UnknownParameter(string owner, string name, IReadOnlyList<string> known) =>
        new(
            ReasonCodes.UnknownField,
            $"{owner} has no parameter {name}{Meant(name, known)} {(known.Count == 0 ? "It has none." : $"It has {string.Join(", ", known)}.")}",
            [new FieldError("/params/" + Escape(name), "is no parameter of " + owner)]);

    public static RefusalException UnknownStrategy(string name, IReadOnlyList<string> known) =>
        new(ReasonCodes.StrategyUnknown, $"There is no strategy {name}{Meant(name, known)} Built in are {string.Join(", ", known)}.");

    public static RefusalException UnknownIndicator(string name, IReadOnlyList<string> known) =>
        new(ReasonCodes.NotFound, $"There is no indicator {name}{Meant(name, known)}{(Nearest.To(name, known) is null ? $" There are {string.Join(", ", known)}." : "")}");

    private static string[] Words(string text) => text.Split([' ', ',', ';', '(', ')', '\'', '"'], StringSplitOptions.RemoveEmptyEntries);

    private static string Meant(string name, IReadOnlyList<string> known) => Nearest.To(name, known) is { } near ? $"; did you mean {near}?" : ".";

    private static string Escape(string segment) => segment.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
