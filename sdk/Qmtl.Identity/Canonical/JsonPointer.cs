using System.Globalization;

namespace Qmtl.Identity;

/// <summary>JSON pointers (RFC 6901), which name the field at fault.</summary>
public static class JsonPointer
{
    /// <summary>The pointer to a member of the object at <paramref name="pointer"/>.</summary>
    public static string Append(string pointer, string member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return $"{pointer}/{member.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
    }

    /// <summary>The pointer to an item of the list at <paramref name="pointer"/>.</summary>
    public static string Append(string pointer, int index) => string.Create(CultureInfo.InvariantCulture, $"{pointer}/{index}");
}
