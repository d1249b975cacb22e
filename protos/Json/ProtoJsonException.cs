namespace Qmtl.Protos;

/// <summary>One place where a JSON document does not fit its message.</summary>
/// <param name="Pointer">JSON pointer of the place; empty for the whole document.</param>
/// <param name="Message">What is wrong there and how to fix it.</param>
/// <param name="IsUnknownField">Whether the message has no such field at all.</param>
public sealed record ProtoJsonError(string Pointer, string Message, bool IsUnknownField = false);

/// <summary>A JSON document that does not fit its message; all places found are named.</summary>
public sealed class ProtoJsonException : Exception
{
    internal ProtoJsonException(IReadOnlyList<ProtoJsonError> errors)
        : base(errors.Count == 1 ? errors[0].Message : $"{errors[0].Message} (and {errors.Count - 1} more)") => Errors = errors;

    /// <summary>The places, in document order; at least one.</summary>
    public IReadOnlyList<ProtoJsonError> Errors { get; }
}
