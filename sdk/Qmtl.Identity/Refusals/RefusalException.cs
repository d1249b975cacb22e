namespace Qmtl.Identity;

/// <summary>A request that is refused, with the reason as a code. Services and SDK throw exactly this; it travels over gRPC and HTTP and is thrown again on the other side.</summary>
public sealed class RefusalException : Exception
{
    private static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Refuses.</summary>
    /// <param name="code">Why.</param>
    /// <param name="detail">What is wrong in this case and what to do about it; never secrets.</param>
    /// <param name="errors">The fields at fault.</param>
    /// <param name="metadata">Further facts for programs, for example <c>strategy_id</c> or <c>expected</c>; they become members of the problem document.</param>
    public RefusalException(
        ReasonCode code, string detail, IReadOnlyList<FieldError>? errors = null, IReadOnlyDictionary<string, string>? metadata = null)
        : this(code, detail, errors, metadata, innerException: null)
    {
    }

    /// <summary>Refuses because of another exception, which stays on this side.</summary>
    /// <param name="code">Why.</param>
    /// <param name="detail">What is wrong in this case and what to do about it; never secrets.</param>
    /// <param name="errors">The fields at fault.</param>
    /// <param name="metadata">Further facts for programs.</param>
    /// <param name="innerException">The cause; it is logged and never sent.</param>
    public RefusalException(
        ReasonCode code, string detail, IReadOnlyList<FieldError>? errors, IReadOnlyDictionary<string, string>? metadata, Exception? innerException)
        : base(detail, innerException)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentNullException.ThrowIfNull(detail);
        Code = code;
        Errors = errors ?? [];
        Metadata = metadata ?? NoMetadata;
    }

    /// <summary>Refuses one field.</summary>
    /// <param name="code">Why.</param>
    /// <param name="pointer">JSON pointer of the field.</param>
    /// <param name="message">What is wrong with it and how to fix it; also the detail.</param>
    public static RefusalException At(ReasonCode code, string pointer, string message) => new(code, message, [new FieldError(pointer, message)]);

    /// <summary>Why.</summary>
    public ReasonCode Code { get; }

    /// <summary>What is wrong in this case; the same as <see cref="Exception.Message"/>.</summary>
    public string Detail => Message;

    /// <summary>The fields at fault; empty when none is.</summary>
    public IReadOnlyList<FieldError> Errors { get; }

    /// <summary>Further facts for programs; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }
}
