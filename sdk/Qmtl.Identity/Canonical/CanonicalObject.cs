using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Qmtl.Identity;

/// <summary>Turns the parameters an author writes in code into a <see cref="CanonicalValue"/>.</summary>
public static class CanonicalObject
{
    /// <summary>
    /// Converts null, text, booleans, numbers, enumerations (by name), UTF-8 bytes, dictionaries, sets and sequences. Sets are ordered by their
    /// items' canonical JSON, dictionaries by key.
    /// </summary>
    /// <exception cref="RefusalException">A number is not finite, a key is null or occurs twice as text, or a type has no canonical form.</exception>
    public static CanonicalValue From(object? value, string pointer = "") => value switch
    {
        null => CanonicalValue.Null,
        CanonicalValue canonical => canonical,
        JsonElement element => CanonicalJson.Read(element, pointer),
        string or char or byte[] or Enum => CanonicalValue.Of(Text(value)),
        bool flag => CanonicalValue.Of(flag),
        _ => FromNumber(value, pointer) ?? FromCollection(value, pointer),
    };

    private static string Text(object value) => value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value.ToString() ?? "";

    private static CanonicalValue? FromNumber(object value, string pointer) => value switch
    {
        sbyte or byte or short or ushort or int or uint or long => CanonicalValue.Of(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        ulong or Int128 or UInt128 or System.Numerics.BigInteger =>
            CanonicalValue.Integer(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture)),
        float or double or decimal or Half => FromFloat(value is Half half ? (double)half : Convert.ToDouble(value, CultureInfo.InvariantCulture), pointer),
        _ => null,
    };

    private static CanonicalValue FromFloat(double value, string pointer) => double.IsFinite(value)
        ? CanonicalValue.Of(value)
        : throw CanonicalJson.Refuse(pointer, $"must be a finite number, was {value.ToString(CultureInfo.InvariantCulture)}");

    private static CanonicalValue FromCollection(object value, string pointer) => value switch
    {
        IDictionary map => FromMap(Entries(map), pointer),
        IEnumerable<KeyValuePair<string, object?>> map => FromMap(map.Select(entry => ((object)entry.Key, entry.Value)), pointer),
        IEnumerable items when IsSet(value) => CanonicalValue.Set(Items(items, pointer)),
        IEnumerable items => CanonicalValue.List(Items(items, pointer)),
        _ => throw CanonicalJson.Refuse(pointer, $"must be null, text, a number, a boolean, a list, a set or a map, was {value.GetType().Name}"),
    };

    private static CanonicalValue FromMap(IEnumerable<(object Key, object? Value)> entries, string pointer)
    {
        var members = new Dictionary<string, CanonicalValue>(StringComparer.Ordinal);
        foreach (var (key, value) in entries)
        {
            var name = Convert.ToString(key, CultureInfo.InvariantCulture) ?? throw CanonicalJson.Refuse(pointer, "has a null key");
            var at = JsonPointer.Append(pointer, name);
            if (!members.TryAdd(name, From(value, at))) throw CanonicalJson.Refuse(at, "occurs more than once");
        }

        return CanonicalValue.Map(members);
    }

    // A generic dictionary enumerated as plain IEnumerable yields key-value pairs, not DictionaryEntry; its own enumerator always does.
    private static IEnumerable<(object Key, object? Value)> Entries(IDictionary map)
    {
        for (var at = map.GetEnumerator(); at.MoveNext();) yield return (at.Key, at.Value);
    }

    private static IEnumerable<CanonicalValue> Items(IEnumerable items, string pointer) =>
        items.Cast<object?>().Select((item, i) => From(item, JsonPointer.Append(pointer, i)));

    private static bool IsSet(object value) => value.GetType().GetInterfaces().Any(type =>
        type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(IReadOnlySet<>) || type.GetGenericTypeDefinition() == typeof(ISet<>)));
}
