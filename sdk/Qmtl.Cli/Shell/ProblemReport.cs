using System.Text.Json.Nodes;
using Qmtl.Identity;

namespace Qmtl.Cli.Shell;

/// <summary>Says what went wrong: one line for people, and, where a program reads, one document with the same words.</summary>
internal sealed class ProblemReport(CliHost host, bool json)
{
    private const int MostFields = 5;

    public int Write(RefusalException refusal, int exitCode, string? hint = null)
    {
        host.Error.WriteLine($"qmtl: {Line(refusal)} [{refusal.Code.Code}]{(hint is null ? "" : $" ({hint})")}");
        if (json) host.Out.WriteLine(JsonText.Write(Document(refusal)));
        return exitCode;
    }

    private static string Line(RefusalException refusal)
    {
        var detail = refusal.Detail.ReplaceLineEndings(" ").Trim();
        var unnamed = refusal.Errors.Where(error => error.Pointer.Length > 0 && !Names(detail, error)).Select(error => $"{error.Pointer} {error.Message}").Distinct(StringComparer.Ordinal).ToArray();
        if (unnamed.Length == 0) return detail;
        var more = unnamed.Length > MostFields ? $"; and {unnamed.Length - MostFields} more" : "";
        return $"{detail} {string.Join("; ", unnamed.Take(MostFields)).ReplaceLineEndings(" ")}{more}";
    }

    /// <summary>Whether the sentence already says what this field's error says.</summary>
    private static bool Names(string detail, FieldError error) =>
        detail.Contains(error.Message.ReplaceLineEndings(" "), StringComparison.Ordinal) || detail.Contains(error.Pointer.Split('/')[^1], StringComparison.OrdinalIgnoreCase);

    private static JsonObject Document(RefusalException refusal)
    {
        var document = new JsonObject
        {
            ["code"] = refusal.Code.Code,
            ["title"] = refusal.Code.Title,
            ["status"] = refusal.Code.HttpStatus,
            ["detail"] = refusal.Detail,
            ["errors"] = new JsonArray([.. refusal.Errors.Select(error => new JsonObject { ["pointer"] = error.Pointer, ["message"] = error.Message })]),
        };
        foreach (var (name, value) in refusal.Metadata) document.TryAdd(name, value);
        return document;
    }
}
