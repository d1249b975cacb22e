using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Qmtl.Protos;

/// <summary>What kind of message a descriptor is.</summary>
internal static class ProtoTypes
{
    private static readonly HashSet<string> Wrappers = new(StringComparer.Ordinal)
    {
        "google.protobuf.BoolValue", "google.protobuf.BytesValue", "google.protobuf.DoubleValue", "google.protobuf.FloatValue", "google.protobuf.Int32Value",
        "google.protobuf.Int64Value", "google.protobuf.StringValue", "google.protobuf.UInt32Value", "google.protobuf.UInt64Value",
    };

    public const string Timestamp = "google.protobuf.Timestamp";
    public const string Duration = "google.protobuf.Duration";
    public const string Struct = "google.protobuf.Struct";
    public const string Value = "google.protobuf.Value";
    public const string ListValue = "google.protobuf.ListValue";

    /// <summary>A wrapper: its field holds the bare value, or null.</summary>
    public static bool IsWrapper(MessageDescriptor type) => Wrappers.Contains(type.FullName);

    /// <summary>The field by either of its names.</summary>
    public static FieldDescriptor? Find(MessageDescriptor type, string name) =>
        type.FindFieldByName(name) ?? type.Fields.InDeclarationOrder().FirstOrDefault(field => string.Equals(field.JsonName, name, StringComparison.Ordinal));

    public static IMessage Create(MessageDescriptor type) => type.Parser.ParseFrom(ByteString.Empty);

    /// <summary>What to say of a field that does not exist: the nearest name, else all of them.</summary>
    public static string UnknownField(MessageDescriptor type, string name)
    {
        var names = type.Fields.InDeclarationOrder().Select(field => field.Name).ToList();
        var nearest = names.Select(known => (known, Distance: Distance(known, name))).Where(pair => pair.Distance <= 1 + (name.Length / 4)).OrderBy(pair => pair.Distance).FirstOrDefault();
        if (nearest.known is not null) return $"There is no field \"{Shorten(name)}\"; did you mean \"{nearest.known}\"?";
        if (names.Count == 0) return $"There is no field \"{Shorten(name)}\"; none is taken here.";
        return $"There is no field \"{Shorten(name)}\"; there are: {string.Join(", ", names.Take(20))}{(names.Count > 20 ? ", ..." : "")}.";
    }

    public static string Shorten(string text) => text.Length <= 60 ? text : text[..57] + "...";

    /// <summary>Edit distance, on texts cut to a length where that is cheap.</summary>
    private static int Distance(string a, string b)
    {
        const int MaxLength = 64;
        if (a.Length > MaxLength || b.Length > MaxLength) return int.MaxValue;
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
