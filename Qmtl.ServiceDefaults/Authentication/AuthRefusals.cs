using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Why somebody is not let in. <c>auth_failure</c> says so to programs, in a few fixed words that metrics can carry.</summary>
internal static class AuthRefusals
{
    public const string Failure = "auth_failure";
    public const string NoToken = "missing";

    public static RefusalException Missing() => Of(ReasonCodes.Auth, NoToken, "Send a token of your identity provider: Authorization: Bearer <token>.");

    public static RefusalException Of(ReasonCode code, string failure, string detail, Exception? cause = null) =>
        new(code, detail, errors: null, new Dictionary<string, string>(StringComparer.Ordinal) { [Failure] = failure }, cause);

    /// <summary>The header that goes with a 401, by RFC 6750: without a token there is no error to name.</summary>
    public static string Challenge(RefusalException refusal)
    {
        if (!refusal.Metadata.TryGetValue(Failure, out var failure) || string.Equals(failure, NoToken, StringComparison.Ordinal)) return "Bearer realm=\"qmtl\"";
        var description = new string([.. refusal.Detail.Where(letter => letter is >= ' ' and <= '~' and not '"' and not '\\')]);
        return $"Bearer realm=\"qmtl\", error=\"invalid_token\", error_description=\"{description}\"";
    }
}
