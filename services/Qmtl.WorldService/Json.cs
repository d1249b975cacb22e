using Google.Protobuf;

namespace Qmtl.WorldService;

/// <summary>Protobuf JSON as it is stored: proto field names, so that a column reads like the wire.</summary>
internal static class Json
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    // A row written by a newer version during a rolling upgrade must still be read.
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public static string Write(IMessage message) => Formatter.Format(message);

    public static string? WriteOptional(IMessage? message) => message is null ? null : Write(message);

    public static T Read<T>(string json)
        where T : IMessage, new() => Parser.Parse<T>(json);

    public static T? ReadOptional<T>(string? json)
        where T : class, IMessage, new() => json is null ? null : Read<T>(json);
}
