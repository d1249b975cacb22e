namespace Qmtl.Identity;

/// <summary>The identity-bearing form of a tag query: its tags, interval and match mode, and nothing about the queues found so far.</summary>
internal static class TagQuery
{
    public static CanonicalValue Params(NodeSpec spec) => CanonicalValue.Map(
        ("interval", CanonicalValue.Of(spec.Interval)),
        ("match_mode", CanonicalValue.Of(MatchMode(spec))),
        ("query_tags", CanonicalValue.List(Tags(spec).Select(CanonicalValue.Of))));

    public static void Check(NodeSpec spec, string pointer, List<FieldError> errors)
    {
        if (MatchMode(spec) is not ("any" or "all") and var mode)
            errors.Add(new FieldError($"{pointer}/{(spec.Params["match_mode"] is null ? "match_mode" : "params/match_mode")}", $"must be \"any\" or \"all\", was \"{mode}\""));
        if (!Tags(spec).Any())
            errors.Add(new FieldError($"{pointer}/params/query_tags", "must name at least one tag"));
    }

    private static string MatchMode(NodeSpec spec) =>
        spec.Params["match_mode"] is { Kind: CanonicalKind.String } mode ? mode.Text : spec.MatchMode ?? "any";

    private static IEnumerable<string> Tags(NodeSpec spec)
    {
        var given = Given(spec.Params["query_tags"]) ?? Given(spec.Params["tags"]) ?? spec.Tags;
        return given.Select(tag => tag.Trim()).Where(tag => tag.Length > 0).Distinct(StringComparer.Ordinal).Order(CodePointComparer.Instance);
    }

    private static IEnumerable<string>? Given(CanonicalValue? tags) => tags switch
    {
        { Kind: CanonicalKind.String } => tags.Text.Split(','),
        { Kind: CanonicalKind.List } => tags.Items.Where(tag => tag.Kind == CanonicalKind.String).Select(tag => tag.Text),
        _ => null,
    };
}
