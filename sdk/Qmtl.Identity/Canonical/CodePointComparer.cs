namespace Qmtl.Identity;

/// <summary>Orders text by Unicode code point: the order of UTF-8 bytes, and of Python's and SQL's binary comparison.</summary>
/// <remarks>Ordinal comparison in .NET is by UTF-16 unit, which puts supplementary characters before U+E000..U+FFFF.</remarks>
public sealed class CodePointComparer : IComparer<string>
{
    private CodePointComparer()
    {
    }

    /// <summary>The comparer.</summary>
    public static CodePointComparer Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        if (ReferenceEquals(x, y)) return 0;
        if (x is null) return -1;
        if (y is null) return 1;
        var same = x.AsSpan().CommonPrefixLength(y);
        if (same == x.Length || same == y.Length) return x.Length.CompareTo(y.Length);
        char a = x[same], b = y[same];
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }
}
