using System.Buffers;
using System.Text.RegularExpressions;

namespace Qmtl.Strategies;

/// <summary>Which instruments a tag query finds.</summary>
public enum TagMatch
{
    /// <summary>Those that have at least one of the tags.</summary>
    Any,

    /// <summary>Those that have all of the tags.</summary>
    All,
}

/// <summary>Tags of instruments: short words by which a strategy finds them without naming them.</summary>
public static partial class InstrumentTags
{
    /// <summary>The most characters of a tag.</summary>
    public const int MaxLength = 100;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    /// <summary>No tags given.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> None { get; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>The tags of an instrument for which none are given: its name and the parts of its name, in lower case.</summary>
    /// <remarks>BTC-PERP has <c>btc-perp</c>, <c>btc</c> and <c>perp</c>; BTC/USDT has <c>btc</c> and <c>usdt</c>, because a slash stands in no tag.</remarks>
    public static IReadOnlyList<string> FromName(string instrument)
    {
        var name = instrument.ToLowerInvariant();
        return [.. NamePart().Split(name).Prepend(name).Where(part => part.Length > 0 && IsWellFormed(part)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Tags as they enter a query's identity: trimmed, each once, sorted.</summary>
    /// <exception cref="Identity.RefusalException">There is none, or one is empty, too long or has other characters than letters, digits, <c>_ . -</c>.</exception>
    public static IReadOnlyList<string> Checked(IEnumerable<string> tags)
    {
        string[] trimmed = [.. tags.Select(tag => tag.Trim()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (trimmed.Length == 0) throw Refuse.Parameter("tags", "must name at least one tag");
        var bad = Array.Find(trimmed, tag => !IsWellFormed(tag));
        return bad is null ? trimmed : throw Refuse.Parameter("tags", $"must be 1 to {MaxLength} letters, digits, \"_\", \".\" or \"-\" each, was \"{bad}\"");
    }

    private static bool IsWellFormed(string tag) => tag.Length is > 0 and <= MaxLength && tag.AsSpan().IndexOfAnyExcept(Allowed) < 0;

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePart();
}
