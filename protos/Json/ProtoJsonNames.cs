using System.Text;
using System.Text.Json;

namespace Qmtl.Protos;

/// <summary>The names of one document. A thousand objects alike have a handful of names among them; each becomes a string once.</summary>
internal sealed class ProtoJsonNames
{
    private const int Places = 256;
    private readonly string?[] _known = new string?[Places];

    /// <summary>The name that the reader stands on; null when it is not valid Unicode.</summary>
    public string? Read(ref Utf8JsonReader json)
    {
        var bytes = json.ValueSpan;
        if (json.ValueIsEscaped || bytes.Length == 0) return ProtoJsonReader.Text(ref json);
        ref var known = ref _known[(uint)((bytes.Length * 31) + (bytes[0] * 7) + (bytes[bytes.Length / 2] * 13) + (bytes[^1] * 17)) % Places];
        // Only plain ASCII is found again: a name with other letters is read anew each time.
        if (known is not null && Ascii.Equals(bytes, known)) return known;
        var name = ProtoJsonReader.Text(ref json);
        if (name is not null) known = name;
        return name;
    }
}
