using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Data;

/// <summary>The refusals of market data: each names the file and, where there is one, line and column.</summary>
internal static class DataRefusal
{
    public static RefusalException Header(string file, string problem) => At(file, 1, null, problem);

    public static RefusalException Number(string file, int line, string column, string text) =>
        At(file, line, column, text.Length == 0 ? "is empty; it must be a number" : $"must be a number, was \"{Short(text)}\"");

    public static RefusalException Time(string file, int line, string text) =>
        At(file, line, "timestamp", text.Length == 0
            ? "is empty; it must be a time"
            : $"must be ISO-8601 such as 2022-01-31T23:59:00Z, or epoch seconds or milliseconds, was \"{Short(text)}\"");

    public static RefusalException CellCount(string file, int line, int cells, int columns) =>
        At(file, line, null, string.Create(CultureInfo.InvariantCulture, $"the line has {cells} cells; the header has {columns}"));

    public static RefusalException Quote(string file, int line) => At(file, line, null, "the line has a quote that is not closed or not doubled");

    public static RefusalException LineTooLong(string file, int line, int limit) =>
        At(file, line, null, string.Create(CultureInfo.InvariantCulture, $"the line is longer than {limit} bytes"));

    public static RefusalException Unordered(string file, int line, string time, string previous) =>
        At(file, line, "timestamp", $"is {time}, before {previous} of the row above; use --sort to order the rows");

    public static RefusalException Duplicate(string file, int line, int other, string time) =>
        At(file, line, "timestamp", string.Create(CultureInfo.InvariantCulture, $"is {time}, the same as line {other}; use --dedupe first or last to keep one of them"));

    public static RefusalException NoBars(string file) => new(ReasonCodes.DataInvalid, $"{file} has no bars.");

    public static RefusalException EmptyFolder(string path) => new(ReasonCodes.DataInvalid, $"The folder {path} has no *.csv files.");

    public static RefusalException Unreadable(string path, string why) => new(ReasonCodes.DataInvalid, $"{path} cannot be read: {why}");

    public static RefusalException DuplicateInstrument(string instrument) =>
        new(ReasonCodes.DataInvalid, $"The instrument {instrument} comes from more than one file; give each file its own name.");

    public static RefusalException UnknownInstrument(string instrument, IReadOnlyList<string> known) =>
        RefusalException.At(
            ReasonCodes.InvalidArgument, "/tag",
            $"There is no instrument {instrument} to tag; the data has {string.Join(", ", known)}{(Strategies.Nearest.To(instrument, known) is { } near ? $"; did you mean {near}?" : ".")}");

    public static RefusalException MixedIntervals(BarSeries one, BarSeries other) =>
        new(ReasonCodes.DataInvalid, string.Create(
            CultureInfo.InvariantCulture,
            $"{one.Instrument} has a bar every {one.IntervalSeconds} s, {other.Instrument} every {other.IntervalSeconds} s; one run needs one interval."));

    public static void Require<T>(bool condition, string option, string rule, T value)
        where T : IFormattable
    {
        if (!condition) throw RefusalException.At(ReasonCodes.InvalidArgument, "/" + option, $"The option {option} {rule}, was {value.ToString(null, CultureInfo.InvariantCulture)}.");
    }

    private static RefusalException At(string file, int line, string? column, string problem)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{file} line {line}{(column is null ? "" : $", column {column}")}");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["file"] = file, ["line"] = line.ToString(CultureInfo.InvariantCulture) };
        if (column is not null) metadata["column"] = column;
        var pointer = string.Create(CultureInfo.InvariantCulture, $"/lines/{line}{(column is null ? "" : "/" + column)}");
        return new RefusalException(ReasonCodes.DataInvalid, $"{place}: {problem}{(problem.EndsWith('?') ? "" : ".")}", [new FieldError(pointer, problem)], metadata);
    }

    private static string Short(string text) => text.Length <= 60 ? text : text[..57] + "...";
}
