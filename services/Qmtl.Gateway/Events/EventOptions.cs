namespace Qmtl.Gateway.Events;

/// <summary>How events are streamed. Section <c>Gateway:Events</c>.</summary>
public sealed class EventOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:Events";

    /// <summary>Address under which clients reach this gateway, such as <c>https://gateway.example</c>; by default the one they called.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Streams at a time; 10,000.</summary>
    public int MaxSubscribers { get; set; } = 10_000;

    /// <summary>Events a second that one stream receives at most; 0 (default) means no limit. What cannot be sent waits, and is lost once its queue is full.</summary>
    public int RateLimitPerSecond { get; set; }

    /// <summary>Largest message of a WebSocket client in bytes; 16 KiB. A larger one ends its stream.</summary>
    public int MaxMessageBytes { get; set; } = 16 * 1024;

    /// <summary>How long a WebSocket client may take from the first byte of a message to its last; 10 s.</summary>
    public TimeSpan MessageTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a WebSocket client may take nothing of what it is sent; 30 s.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a quiet WebSocket is pinged; 15 s.</summary>
    public TimeSpan PingEvery { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a ping may go unanswered; 20 s.</summary>
    public TimeSpan PongTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The first thing wrong with these settings, or null.</summary>
    internal string? Problem() =>
        PublicUrl is { Length: > 0 } url && !(Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https") ? $"{Section}:PublicUrl was {url}; it must be an http or https address."
        : MaxSubscribers < 1 ? $"{Section}:MaxSubscribers was {MaxSubscribers}; it must be at least 1."
        : RateLimitPerSecond < 0 ? $"{Section}:RateLimitPerSecond was {RateLimitPerSecond}; it must not be negative."
        : MaxMessageBytes is < 256 or > 1024 * 1024 ? $"{Section}:MaxMessageBytes was {MaxMessageBytes}; it must be 256 to 1048576."
        : MessageTimeout <= TimeSpan.Zero || SendTimeout <= TimeSpan.Zero || PingEvery <= TimeSpan.Zero || PongTimeout <= TimeSpan.Zero ? $"The timeouts of {Section} must be positive."
        : null;
}
