using System.Globalization;

namespace Qmtl.Identity;

/// <summary>The kinds of a <see cref="CanonicalValue"/>.</summary>
public enum CanonicalKind
{
    /// <summary>The literal null.</summary>
    Null,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A number, held as its canonical text.</summary>
    Number,

    /// <summary>Text.</summary>
    String,

    /// <summary>A list.</summary>
    List,

    /// <summary>A map with text keys, held in key order.</summary>
    Map,
}

/// <summary>
/// A JSON value in the one form that identities are computed from: keys sorted by code point, numbers as canonical text. Two values are equal
/// exactly when their canonical JSON is.
/// </summary>
public sealed class CanonicalValue : IEquatable<CanonicalValue>
{
    private readonly string? _text;

    private CanonicalValue(CanonicalKind kind, string? text = null, CanonicalValue[]? items = null, KeyValuePair<string, CanonicalValue>[]? members = null)
    {
        Kind = kind;
        _text = text;
        Items = items ?? [];
        Members = members ?? [];
    }

    /// <summary>The literal null.</summary>
    public static CanonicalValue Null { get; } = new(CanonicalKind.Null, "null");

    /// <summary>The literal true.</summary>
    public static CanonicalValue True { get; } = new(CanonicalKind.Boolean, "true");

    /// <summary>The literal false.</summary>
    public static CanonicalValue False { get; } = new(CanonicalKind.Boolean, "false");

    /// <summary>The map without members.</summary>
    public static CanonicalValue EmptyMap { get; } = new(CanonicalKind.Map);

    /// <summary>What this value is.</summary>
    public CanonicalKind Kind { get; }

    /// <summary>The text of a string, or the literal of a number, boolean or null; empty for lists and maps.</summary>
    public string Text => _text ?? "";

    /// <summary>The items of a list; empty otherwise.</summary>
    public IReadOnlyList<CanonicalValue> Items { get; }

    /// <summary>The members of a map in key order; empty otherwise.</summary>
    public IReadOnlyList<KeyValuePair<string, CanonicalValue>> Members { get; }

    /// <summary>The member called <paramref name="key"/>, or null.</summary>
    public CanonicalValue? this[string key]
    {
        get
        {
            foreach (var member in Members)
            {
                if (string.Equals(member.Key, key, StringComparison.Ordinal)) return member.Value;
            }

            return null;
        }
    }

    /// <summary>A boolean.</summary>
    public static CanonicalValue Of(bool value) => value ? True : False;

    /// <summary>A whole number, written plainly.</summary>
    public static CanonicalValue Of(long value) => new(CanonicalKind.Number, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A floating-point number as <see cref="FloatText"/> writes it; it must be finite.</summary>
    public static CanonicalValue Of(double value) => new(CanonicalKind.Number, FloatText.Format(value));

    /// <summary>Text.</summary>
    public static CanonicalValue Of(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new CanonicalValue(CanonicalKind.String, value);
    }

    /// <summary>A list in the given order.</summary>
    public static CanonicalValue List(params IEnumerable<CanonicalValue> items) => new(CanonicalKind.List, items: [.. items]);

    /// <summary>A set: a list in the order of its items' own canonical JSON.</summary>
    public static CanonicalValue Set(IEnumerable<CanonicalValue> items) =>
        new(CanonicalKind.List, items: [.. items.OrderBy(CanonicalJson.Write, CodePointComparer.Instance)]);

    /// <summary>A map. A key may occur once.</summary>
    public static CanonicalValue Map(IEnumerable<KeyValuePair<string, CanonicalValue>> members) => MapOf([.. members]);

    /// <summary>A map of the given members.</summary>
    public static CanonicalValue Map(params (string Key, CanonicalValue Value)[] members) =>
        MapOf(Array.ConvertAll(members, static member => KeyValuePair.Create(member.Key, member.Value)));

    /// <summary>A whole number of any size, from its JSON digits.</summary>
    internal static CanonicalValue Integer(string digits) =>
        new(CanonicalKind.Number, string.Equals(digits, "-0", StringComparison.Ordinal) ? "0" : digits);

    /// <inheritdoc/>
    public bool Equals(CanonicalValue? other) => other is not null
        && Kind == other.Kind
        && string.Equals(_text, other._text, StringComparison.Ordinal)
        && Items.SequenceEqual(other.Items)
        && Members.SequenceEqual(other.Members);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CanonicalValue);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(ToString(), StringComparison.Ordinal);

    /// <summary>The canonical JSON.</summary>
    public override string ToString() => CanonicalJson.Write(this);

    // Takes over the array.
    private static CanonicalValue MapOf(KeyValuePair<string, CanonicalValue>[] members)
    {
        if (members.Length > 1) Array.Sort(members, static (a, b) => CodePointComparer.Instance.Compare(a.Key, b.Key));
        for (var i = 1; i < members.Length; i++)
        {
            if (string.Equals(members[i].Key, members[i - 1].Key, StringComparison.Ordinal))
                throw new ArgumentException($"The key \"{members[i].Key}\" occurs more than once.", nameof(members));
        }

        return new CanonicalValue(CanonicalKind.Map, members: members);
    }
}
