using System.Globalization;
using Qmtl.Identity;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>Refuses a document that came as a field of a request: every problem, each with its place in request and document.</summary>
internal static class DocumentRefusals
{
    public static RefusalException Of(ReasonCode code, string what, string field, IReadOnlyList<DocumentProblem> problems)
    {
        var first = problems[0];
        var more = problems.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (and {problems.Count - 1} more)");
        return new RefusalException(
            code,
            $"{what}: {(first.Pointer.Length == 0 ? "" : first.Pointer + ", ")}{Sentence.End(first.Message + more)}",
            [.. problems.Select(problem => new FieldError(field + problem.Pointer, problem.Message))]);
    }
}
