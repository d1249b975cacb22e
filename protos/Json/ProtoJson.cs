using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Qmtl.Protos;

/// <summary>
/// The JSON form of the contract: protobuf JSON with the field names of the .proto files. Default values are printed, absent ones are not,
/// and reading names every place that does not fit by its JSON pointer.
/// </summary>
/// <remarks>The package's own formatter and parser print NaN as text and stop at the first fault without saying where.</remarks>
public static class ProtoJson
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly JsonWriterOptions Indented = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, Indented = true };

    /// <summary>The message as JSON text.</summary>
    public static string Write(IMessage message, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(message, buffer, indented);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes the message as UTF-8 JSON.</summary>
    public static void Write(IMessage message, IBufferWriter<byte> output, bool indented = false)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(output);
        using var json = new Utf8JsonWriter(output, indented ? Indented : Compact);
        ProtoJsonWriter.Message(json, message);
    }

    /// <summary>Writes one field of a message, as it would stand inside the message; <c>null</c> when it is absent.</summary>
    public static void WriteField(IMessage message, FieldDescriptor field, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(field);
        ArgumentNullException.ThrowIfNull(output);
        using var json = new Utf8JsonWriter(output, Compact);
        ProtoJsonWriter.FieldValue(json, message, field);
    }

    /// <summary>Reads a message.</summary>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="ProtoJsonException">The JSON does not fit the message.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> utf8)
        where T : IMessage, new()
    {
        var message = new T();
        Merge(message, utf8);
        return message;
    }

    /// <summary>Reads a message from text.</summary>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="ProtoJsonException">The JSON does not fit the message.</exception>
    public static T Read<T>(string json)
        where T : IMessage, new() => Read<T>(Encoding.UTF8.GetBytes(json));

    /// <summary>Reads into an existing message.</summary>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="ProtoJsonException">The JSON does not fit the message.</exception>
    public static void Merge(IMessage message, ReadOnlyMemory<byte> utf8)
    {
        ArgumentNullException.ThrowIfNull(message);
        ProtoJsonReader.Merge(message, utf8.Span);
    }

    /// <summary>Sets or, for a list, adds to a field of <paramref name="message"/> from the text of a path segment or query parameter.</summary>
    /// <param name="message">The request.</param>
    /// <param name="path">Proto or JSON names, joined by dots for fields of nested messages.</param>
    /// <param name="text">The unescaped text.</param>
    /// <returns>What is wrong, or null.</returns>
    public static ProtoJsonError? SetFromText(IMessage message, string path, string text)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(text);
        return ProtoTextFields.Set(message, path, text);
    }
}
