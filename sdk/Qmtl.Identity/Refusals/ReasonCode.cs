namespace Qmtl.Identity;

/// <summary>A stable code for a refusal, the same over HTTP, gRPC and the command line, in logs, metrics and audit.</summary>
/// <param name="Code">The code, for example <c>E_NODE_ID_MISMATCH</c>.</param>
/// <param name="HttpStatus">The HTTP status it travels with.</param>
/// <param name="Title">What the code means, in a few words.</param>
public sealed record ReasonCode(string Code, int HttpStatus, string Title)
{
    /// <summary>The code.</summary>
    public override string ToString() => Code;
}
