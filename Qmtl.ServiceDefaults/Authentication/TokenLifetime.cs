using Microsoft.IdentityModel.Tokens;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>When a token counts, by the clock of this process rather than the machine's.</summary>
internal static class TokenLifetime
{
    public static LifetimeValidator Validator(TimeProvider time, TimeSpan skew) => (notBefore, expires, _, _) =>
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (expires is not { } end) throw new SecurityTokenNoExpirationException("The token has no end (exp).");
        if (now >= end + skew) throw new SecurityTokenExpiredException("The token has ended.") { Expires = end };
        if (notBefore is { } begin && now < begin - skew) throw new SecurityTokenNotYetValidException("The token does not count yet.") { NotBefore = begin };
        return true;
    };
}
