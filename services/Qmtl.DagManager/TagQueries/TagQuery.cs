using Qmtl.DagManager.Graph;
using Qmtl.Identity;

namespace Qmtl.DagManager.TagQueries;

/// <summary>Whether a node must carry one of the tags or all of them.</summary>
internal enum TagMatch
{
    /// <summary>One is enough.</summary>
    Any,

    /// <summary>Every one.</summary>
    All,
}

/// <summary>How match modes are written.</summary>
internal static class TagMatches
{
    public static string ToToken(this TagMatch match) => match == TagMatch.All ? "all" : "any";
}

/// <summary>A question for queues, checked.</summary>
internal sealed record TagQuery(IReadOnlyList<string> Tags, int Interval, TagMatch Match, string WorldId, ExecutionDomain Domain)
{
    private const int LongestInterval = 86_400;

    /// <summary>Equal for equal questions.</summary>
    public string Key => FormattableString.Invariant($"{string.Join(',', Tags)}|{Interval}|{Match.ToToken()}|{WorldId}|{Domain.ToToken()}");

    /// <summary>Whether a change of queues that carry these tags may change the answer.</summary>
    public bool IsAffectedBy(AffectedTags change) =>
        change.Interval == Interval
        && (WorldId.Length == 0 || change.WorldId.Length == 0 || (string.Equals(change.WorldId, WorldId, StringComparison.Ordinal) && string.Equals(change.ExecutionDomain, Domain.ToToken(), StringComparison.Ordinal)))
        && (Match == TagMatch.All ? Tags.All(tag => change.Tags.Contains(tag, StringComparer.Ordinal)) : Tags.Any(tag => change.Tags.Contains(tag, StringComparer.Ordinal)));

    /// <summary>Reads a question as it came in; tags may be lists separated by commas.</summary>
    /// <exception cref="RefusalException">A field is out of range; all such fields are named.</exception>
    public static TagQuery Parse(IEnumerable<string> tags, int interval, string matchMode, string worldId, string domain)
    {
        string[] wanted = [.. tags.SelectMany(tag => tag.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var errors = new List<FieldError>();
        if (wanted.Length == 0) errors.Add(new FieldError("/tags", "must name at least one tag"));
        if (interval is < 1 or > LongestInterval) errors.Add(new FieldError("/interval", $"must be 1 to {LongestInterval} seconds, was {interval}"));
        if (matchMode is not ("" or "any" or "all")) errors.Add(new FieldError("/match_mode", $"must be any or all, was \"{matchMode}\""));
        var parsed = ExecutionModes.ParseDomain(domain);
        if (domain.Length > 0 && parsed is null) errors.Add(new FieldError("/execution_domain", $"must be backtest, dryrun, live or shadow, was \"{domain}\""));
        if (errors.Count > 0) throw new RefusalException(ReasonCodes.InvalidArgument, "The tag query has fields out of range.", errors);
        return new TagQuery(wanted, interval, matchMode is "all" ? TagMatch.All : TagMatch.Any, worldId, parsed ?? ExecutionDomain.Backtest);
    }
}
