namespace Qmtl.Storage.Outbox;

/// <summary>A message for the log.</summary>
/// <param name="Topic">A topic that exists.</param>
/// <param name="Key">Messages of one key keep their order. Not empty.</param>
/// <param name="Type">What the payload is, such as <c>policy_updated</c>.</param>
/// <param name="Payload">The bytes. Not copied: do not change them afterwards.</param>
public sealed record BusMessage(string Topic, string Key, string Type, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Beside the payload: trace context, fingerprints. Names in lower case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A place in the log: offsets of a partition start at 0 and have no gaps.</summary>
public readonly record struct LogPosition(string Topic, int Partition, long Offset)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Topic}/{Partition}@{Offset}";
}

/// <summary>The promise of a place in the log.</summary>
public sealed class AppendReceipt
{
    private LogPosition? _position;

    internal AppendReceipt(BusMessage message) => Message = message;

    /// <summary>What is appended.</summary>
    public BusMessage Message { get; }

    /// <summary>Where it stands.</summary>
    /// <exception cref="InvalidOperationException">The unit of work has not committed.</exception>
    public LogPosition Position => Committed && _position is { } position
        ? position
        : throw new InvalidOperationException("The position is known once the unit of work has committed.");

    internal bool Committed { get; set; }

    /// <summary>Called by the outbox with the place it gave the message.</summary>
    public void Assign(LogPosition position) => _position = position;
}

/// <summary>Writes the messages of a unit of work into the log.</summary>
public interface IOutbox
{
    /// <summary>
    /// Refuses a message that can never be appended, while its sender is still on the stack, and adds what only the moment knows, such as the trace.
    /// </summary>
    BusMessage Prepare(BusMessage message);

    /// <summary>Writes all messages of <paramref name="unit"/>, just before it commits, and assigns their positions.</summary>
    Task FlushAsync(IUnitOfWork unit, IReadOnlyList<AppendReceipt> pending);
}
