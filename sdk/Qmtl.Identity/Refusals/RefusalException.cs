namespace Qmtl.Identity;

/// <summary>A request that is refused for a reason its sender can act on.</summary>
/// <param name="code">The stable reason.</param>
/// <param name="detail">What is wrong, with the values at hand, and how to put it right.</param>
/// <param name="errors">The fields at fault.</param>
/// <param name="metadata">Further machine-readable facts.</param>
public sealed class RefusalException(
    ReasonCode code, string detail, IReadOnlyList<FieldError>? errors = null, IReadOnlyDictionary<string, string>? metadata = null) : Exception(detail)
{
    private static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The stable reason.</summary>
    public ReasonCode Code { get; } = code;

    /// <summary>What is wrong and how to put it right.</summary>
    public string Detail { get; } = detail;

    /// <summary>The fields at fault; empty when none is.</summary>
    public IReadOnlyList<FieldError> Errors { get; } = errors ?? [];

    /// <summary>Further machine-readable facts; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; } = metadata ?? NoMetadata;
}
