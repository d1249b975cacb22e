using System.Globalization;
using Microsoft.IdentityModel.Tokens;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>What is wrong with a token, in words that help its owner and no one else.</summary>
internal static class TokenFailures
{
    public const string Malformed = "malformed";

    /// <summary>The refusal for what validation threw.</summary>
    /// <param name="failure">What was thrown; several failures come as one aggregate.</param>
    /// <param name="what">What is being refused, for example "The token".</param>
    public static RefusalException Explain(Exception? failure, string what)
    {
        var cause = failure is AggregateException { InnerExceptions: [var first, ..] } ? first : failure;
        var (code, word, detail) = cause switch
        {
            SecurityTokenExpiredException expired => (ReasonCodes.TokenExpired, "expired", $"{what} ended at {Time(expired.Expires)}; get a new one."),
            SecurityTokenNotYetValidException early => (ReasonCodes.TokenExpired, "not_yet_valid", $"{what} counts only from {Time(early.NotBefore)}."),
            SecurityTokenNoExpirationException => (ReasonCodes.TokenInvalid, "no_expiry", $"{what} has no end (exp)."),
            SecurityTokenInvalidLifetimeException => (ReasonCodes.TokenExpired, "expired", $"{what} does not count now."),
            SecurityTokenInvalidAudienceException => (ReasonCodes.TokenAudience, "audience", $"{what} is meant for somebody else (aud)."),
            SecurityTokenInvalidIssuerException => (ReasonCodes.TokenInvalid, "issuer", $"{what} comes from somebody who is not trusted here (iss)."),
            SecurityTokenSignatureKeyNotFoundException => (ReasonCodes.TokenInvalid, "unknown_key", $"{what} is signed with a key that its issuer does not publish (kid)."),
            SecurityTokenInvalidAlgorithmException => (ReasonCodes.TokenInvalid, "algorithm", $"{what} is signed in a way that is not accepted here (alg)."),
            SecurityTokenInvalidSignatureException => (ReasonCodes.TokenInvalid, "signature", $"{what} has no valid signature."),
            _ => (ReasonCodes.TokenInvalid, Malformed, $"{what} cannot be read."),
        };
        return AuthRefusals.Of(code, word, detail, failure);
    }

    private static string Time(DateTime? time) => time?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "an unknown time";
}
