namespace Qmtl.Identity;

/// <summary>One field at fault.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) to the field.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record FieldError(string Pointer, string Message);
