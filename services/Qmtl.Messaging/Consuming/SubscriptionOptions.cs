using Qmtl.Messaging.Log;

namespace Qmtl.Messaging.Consuming;

/// <summary>How records are handled.</summary>
public sealed record SubscriptionOptions
{
    /// <summary>What to read.</summary>
    public required ConsumerOptions Consumer { get; init; }

    /// <summary>How often a record is tried in all before it goes to the dead-letter topic.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>The pause after attempt n is n times this.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Off: a record that fails stops its partition and is tried until it succeeds. For a log of which nothing may be passed over.</summary>
    public bool DeadLetter { get; init; } = true;

    /// <summary>Called whenever reading begins, also after an interruption: what is appended from then on arrives.</summary>
    public Action? Opened { get; init; }

    /// <summary>The first thing wrong with these options, or null.</summary>
    internal string? Problem() =>
        MaxAttempts is < 1 or > 100 ? $"MaxAttempts was {MaxAttempts}; it must be 1 to 100."
        : Backoff < TimeSpan.Zero ? $"Backoff was {Backoff}; it must not be negative."
        : Consumer.Problem();
}

/// <summary>Says of a record that no further attempt can help: it goes to the dead-letter topic at once.</summary>
public sealed class PoisonMessageException(string message, Exception? inner = null) : Exception(message, inner);
