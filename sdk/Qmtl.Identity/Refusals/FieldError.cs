namespace Qmtl.Identity;

/// <summary>One field at fault.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) of the field, for example <c>/nodes/3/interval</c>; empty for the whole document.</param>
/// <param name="Message">What is wrong and how to fix it.</param>
public sealed record FieldError(string Pointer, string Message);
