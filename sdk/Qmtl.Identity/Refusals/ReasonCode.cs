using System.Text.RegularExpressions;

namespace Qmtl.Identity;

/// <summary>A stable reason for a refusal: the same text in responses, logs, metrics and the audit.</summary>
public sealed partial record ReasonCode
{
    /// <summary>Defines a code.</summary>
    /// <param name="code">The text, for example <c>E_NODE_ID_MISMATCH</c>; it never changes once published.</param>
    /// <param name="httpStatus">The HTTP status that goes with it, 400 to 599.</param>
    /// <param name="title">What it means, in a few words that do not depend on the case at hand.</param>
    public ReasonCode(string code, int httpStatus, string title)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentException.ThrowIfNullOrWhiteSpace(title);
        if (!CodeText().IsMatch(code)) throw new ArgumentException($"A reason code is 1 to 64 letters, digits and underscores; was \"{code}\".", nameof(code));
        if (httpStatus is < 400 or > 599) throw new ArgumentOutOfRangeException(nameof(httpStatus), httpStatus, "A refusal has an HTTP status from 400 to 599.");
        Code = code;
        HttpStatus = httpStatus;
        Title = title;
    }

    /// <summary>The text of the code.</summary>
    public string Code { get; }

    /// <summary>The HTTP status that goes with it.</summary>
    public int HttpStatus { get; }

    /// <summary>What it means, whatever the case at hand.</summary>
    public string Title { get; }

    /// <summary>The text of the code.</summary>
    public override string ToString() => Code;

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]{0,63}\\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeText();
}
