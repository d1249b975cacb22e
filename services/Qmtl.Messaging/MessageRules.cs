using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging;

/// <summary>What every message must be, and what is added to it, on whichever log it goes.</summary>
internal static class MessageRules
{
    /// <summary>Header: which build of which program on which runtime wrote the record.</summary>
    public const string FingerprintHeader = "rfp";

    /// <summary>What Kafka takes by default; larger things belong into an artifact store, with their address on the bus.</summary>
    public const int MaxPayload = 1024 * 1024;

    private const int MaxKey = 1024;
    private const int RevisionLength = 12;

    /// <summary>For example <c>qmtl-0.1.0+1f2e3d4c5b6a;net-10.0.0;x64</c>.</summary>
    public static string Fingerprint { get; } = string.Create(CultureInfo.InvariantCulture, $"qmtl-{Build()};net-{Environment.Version};{RuntimeInformation.ProcessArchitecture}").ToLowerInvariant();

    /// <summary>The headers of a message that has none of its own and no trace, and how they are stored: most records of a node topic.</summary>
    public static IReadOnlyDictionary<string, string> PlainHeaders { get; } = new Dictionary<string, string>(StringComparer.Ordinal) { [FingerprintHeader] = Fingerprint };

    /// <inheritdoc cref="PlainHeaders"/>
    private static string PlainHeadersJson { get; } = JsonSerializer.Serialize(PlainHeaders);

    /// <summary>Headers as the table stores them.</summary>
    public static string ToJson(IReadOnlyDictionary<string, string> headers) => ReferenceEquals(headers, PlainHeaders) ? PlainHeadersJson : JsonSerializer.Serialize(headers);

    /// <summary>Refuses a message that can never be appended; adds the trace and the fingerprint of this program.</summary>
    /// <exception cref="ArgumentException">Key, type or payload is not what a log takes.</exception>
    /// <exception cref="EventRefusedException">The topic does not take messages of this type.</exception>
    public static BusMessage Prepare(BusMessage message)
    {
        if (string.IsNullOrEmpty(message.Key) || message.Key.Length > MaxKey) throw new ArgumentException($"Key of a message for {message.Topic} had {message.Key?.Length ?? 0} characters; it must have 1 to {MaxKey}.", nameof(message));
        if (string.IsNullOrEmpty(message.Type)) throw new ArgumentException($"Type of a message for {message.Topic} was empty.", nameof(message));
        if (message.Payload.Length > MaxPayload) throw new ArgumentException($"Payload of a message for {message.Topic} had {message.Payload.Length} bytes; the most is {MaxPayload}.", nameof(message));
        if (TopicCatalog.Find(message.Topic) is { IsControl: true } && !string.Equals(EventCatalog.Find(message.Type)?.Topic, message.Topic, StringComparison.Ordinal))
            throw new EventRefusedException(message.Type, "topic", $"{message.Topic} does not take it");
        if (message.Headers.Count == 0 && Activity.Current is null) return message with { Headers = PlainHeaders };
        var headers = new Dictionary<string, string>(message.Headers, StringComparer.Ordinal);
        // A record that is passed on keeps the mark of who wrote it.
        headers.TryAdd(FingerprintHeader, Fingerprint);
        AddTrace(headers);
        return message with { Headers = headers };
    }

    private static void AddTrace(Dictionary<string, string> headers)
    {
        if (Activity.Current is not { Id: { } id, IdFormat: ActivityIdFormat.W3C } activity || !headers.TryAdd(MessagingTelemetry.TraceParent, id)) return;
        if (!string.IsNullOrEmpty(activity.TraceStateString)) headers[MessagingTelemetry.TraceState] = activity.TraceStateString;
    }

    private static string Build()
    {
        var version = typeof(MessageRules).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        var revision = version.IndexOf('+', StringComparison.Ordinal);
        return revision >= 0 && version.Length > revision + RevisionLength ? version[..(revision + 1 + RevisionLength)] : version;
    }
}
