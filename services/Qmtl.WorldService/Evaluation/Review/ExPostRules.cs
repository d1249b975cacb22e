using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.WorldService.Evaluation.Review;

/// <summary>What a failure found later must say. Pure.</summary>
internal static class ExPostRules
{
    /// <summary>More than this in one run is a matter for an issue tracker, and each stays in every later revision.</summary>
    public const int MaxFailures = 100;

    private const int MaxText = 4_000;
    private static readonly string[] Statuses = ["candidate", "confirmed"];
    private static readonly string[] Severities = ["critical", "high", "medium", "low"];
    private static readonly string[] Sources = ["manual", "auto"];

    public static ExPostFailure Check(ExPostFailure? given)
    {
        if (given is null) throw Refuse.Field("/failure", "is missing");
        OneOf(given.Status, "/status", Statuses);
        OneOf(given.Severity, "/severity", Severities);
        if (given.Source.Length > 0) OneOf(given.Source, "/source", Sources);
        if (given.Category.Length is 0 or > 100) throw Refuse.Field("/category", "must name the kind of failure in 1 to 100 characters");
        if (given.ReasonCode.Length is 0 or > 100) throw Refuse.Field("/reason_code", "must name the cause in 1 to 100 characters");
        if (given.Notes.Length > MaxText) throw Refuse.Field("/notes", $"may hold at most {MaxText} characters, held {given.Notes.Length}");
        if (given.EvidenceUrl.Length > 0 && !(Uri.TryCreate(given.EvidenceUrl, UriKind.Absolute, out _) && given.EvidenceUrl.Length <= MaxText)) throw Refuse.Field("/evidence_url", "must be an absolute address");
        return given;
    }

    /// <summary>The record to append; null when the same one is there already.</summary>
    public static ExPostFailure? Complete(ExPostFailure given, IReadOnlyCollection<ExPostFailure> known, string caller, DateTimeOffset now)
    {
        var record = given.Clone();
        if (record.Source.Length == 0) record.Source = "manual";
        if (record.Actor.Length == 0) record.Actor = caller;
        if (known.Any(earlier => IsRepeat(earlier, record))) return null;
        if (known.Count >= MaxFailures) throw Refuse.Field("/failure", $"would be one more than the {MaxFailures} failures a run may have");
        if (record.CaseId.Length == 0) record.CaseId = string.Create(CultureInfo.InvariantCulture, $"case-{known.Count + 1}");
        record.RecordedAt ??= Timestamp.FromDateTimeOffset(now);
        return record;
    }

    // The service gives id and time where the caller left them out, so a repeat is compared without them.
    private static bool IsRepeat(ExPostFailure earlier, ExPostFailure record)
    {
        var plain = earlier.Clone();
        if (record.CaseId.Length == 0) plain.CaseId = "";
        if (record.RecordedAt is null) plain.RecordedAt = null;
        return plain.Equals(record);
    }

    private static void OneOf(string value, string pointer, string[] allowed)
    {
        if (!allowed.Contains(value, StringComparer.Ordinal)) throw Refuse.Field(pointer, $"must be one of {string.Join(", ", allowed)}, was '{value}'");
    }
}
