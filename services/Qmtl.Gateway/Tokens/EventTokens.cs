using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Qmtl.Identity;

namespace Qmtl.Gateway.Tokens;

/// <summary>Short-lived tokens of this Gateway: JWTs signed with ES256. Whoever has the public keys can check them, only the Gateway can make them.</summary>
internal sealed class EventTokens(TokenKeys keys, ReplayWindow replays, TokenMetrics metrics, TimeProvider time)
{
    /// <summary>How long a token counts.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(300);

    /// <summary>How far the clocks of two gateways may differ.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private const string Issuer = "qmtl.services.gateway";
    private const string World = "world_id";
    private const string Strategy = "strategy_id";
    private const string TopicList = "topics";
    private const int LargestToken = 8 * 1024;

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false, MaximumTokenSizeInBytes = LargestToken };

    /// <summary>Whether a text says that it is one of these tokens; that proves nothing.</summary>
    public static bool IsOurs(string text)
    {
        try
        {
            return text.Length <= LargestToken && new JsonWebToken(text).Issuer == Issuer;
        }
        catch (Exception problem) when (problem is ArgumentException or SecurityTokenMalformedException)
        {
            return false;
        }
    }

    /// <summary>Makes a token.</summary>
    public IssuedToken Issue(TokenGrant grant)
    {
        // Claims count in whole seconds.
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var expires = now + Life;
        var text = Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = grant.Audience,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = expires.UtcDateTime,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [JwtRegisteredClaimNames.Sub] = grant.Subject,
                [JwtRegisteredClaimNames.Jti] = Guid.CreateVersion7(now).ToString("N"),
                [World] = grant.WorldId,
                [Strategy] = grant.StrategyId,
                [TopicList] = grant.Topics.ToArray(),
            },
            SigningCredentials = new SigningCredentials(keys.Ring.Active.Security, SecurityAlgorithms.EcdsaSha256),
        });
        metrics.Issued(grant.Audience);
        return new IssuedToken(text, expires);
    }

    /// <summary>Checks a token for an audience.</summary>
    /// <exception cref="RefusalException">With one of the codes <c>E_TOKEN_*</c>.</exception>
    public async Task<EventToken> ValidateAsync(string text, string audience)
    {
        var result = await Handler.ValidateTokenAsync(text, Parameters(audience));
        if (!result.IsValid) throw Refuse(audience, result.Exception);
        var token = (JsonWebToken)result.SecurityToken;
        if (token.Id.Length == 0 || !token.TryGetPayloadValue<string>(World, out var world) || !token.TryGetPayloadValue<string>(Strategy, out var strategy))
            throw Refuse(audience, ReasonCodes.TokenInvalid, "The token lacks a claim (jti, world_id or strategy_id); ask for a new one.");
        var topics = token.Claims.Where(claim => claim.Type == TopicList).Select(claim => claim.Value).ToArray();
        return new EventToken(token.Id, new TokenGrant(audience, token.Subject, world, strategy, topics), new DateTimeOffset(token.ValidTo, TimeSpan.Zero));
    }

    /// <summary>Checks a token that counts once; a second call with it is refused by this process.</summary>
    /// <inheritdoc cref="ValidateAsync"/>
    public async Task<EventToken> RedeemAsync(string text, string audience)
    {
        var token = await ValidateAsync(text, audience);
        return replays.TryUse(token.Id, token.ExpiresAt + Skew) ? token : throw Refuse(audience, ReasonCodes.TokenReplayed, "The token was used already; it counts once. Ask for a new one.");
    }

    private TokenValidationParameters Parameters(string audience) => new()
    {
        // Never what the token says of itself: an unsigned token, or one "signed" with the public key as a shared secret, must not pass.
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        TryAllIssuerSigningKeys = false,
        IssuerSigningKeyResolver = (_, _, id, _) => keys.Ring.At(time.GetUtcNow()).Where(key => string.Equals(key.Id, id, StringComparison.Ordinal)).Select(key => key.Security),
        ValidIssuer = Issuer,
        ValidAudience = audience,
        LifetimeValidator = (notBefore, expires, _, _) => IsCurrent(notBefore, expires, time.GetUtcNow().UtcDateTime),
    };

    private static bool IsCurrent(DateTime? notBefore, DateTime? expires, DateTime now) => expires is { } end && now < end + Skew && (notBefore is not { } start || now >= start - Skew);

    private RefusalException Refuse(string audience, Exception? problem) => problem switch
    {
        SecurityTokenInvalidAudienceException => Refuse(audience, ReasonCodes.TokenAudience, $"The token is not for \"{audience}\"; ask for one that is."),
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNotYetValidException or SecurityTokenNoExpirationException =>
            Refuse(audience, ReasonCodes.TokenExpired, "The token has ended or does not count yet; ask for a new one."),
        // The cause names keys and algorithms; it is for nobody outside.
        _ => Refuse(audience, ReasonCodes.TokenInvalid, "The token was not signed by this Gateway or cannot be read; ask for a new one with POST /events/subscribe.", problem),
    };

    private RefusalException Refuse(string audience, ReasonCode code, string detail, Exception? problem = null)
    {
        metrics.Refused(audience, code);
        return new RefusalException(code, detail, errors: null, metadata: null, problem);
    }
}
