using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>What services show each other: a token of a minute, signed with the key they share. A stolen one is of little use, and none is ever stored.</summary>
public sealed class ServiceCredentials
{
    /// <summary>The header it travels in.</summary>
    public const string Header = "x-service-token";

    /// <summary>How long one is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private const string Issuer = "qmtl";
    private const string Audience = "qmtl.services";

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false, SetDefaultTimesOnTokenCreation = false };

    private readonly SymmetricSecurityKey? _key;
    private readonly TimeProvider _time;
    private readonly TokenValidationParameters _parameters;
    private Issued? _latest;

    /// <summary>Creates them; one a process.</summary>
    public ServiceCredentials(AuthOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _time = time;
        _key = options.ServiceKey is { Length: > 0 } key ? new SymmetricSecurityKey(Encoding.UTF8.GetBytes(key)) : null;
        _parameters = new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = Audience,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            IssuerSigningKey = _key,
            LifetimeValidator = TokenLifetime.Validator(time, options.ClockSkew),
        };
    }

    /// <summary>Whether this process has the shared key.</summary>
    public bool Exist => _key is not null;

    /// <summary>A token that says that <paramref name="service"/> asks; null where there is no shared key.</summary>
    public string? Issue(string service)
    {
        ArgumentException.ThrowIfNullOrEmpty(service);
        if (_key is null) return null;
        var now = _time.GetUtcNow();
        if (Volatile.Read(ref _latest) is { } latest && latest.Service == service && now - latest.At < Lifetime / 2 && now >= latest.At) return latest.Token;
        var token = Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal) { [JwtRegisteredClaimNames.Sub] = service },
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.HmacSha256),
        });
        Volatile.Write(ref _latest, new Issued(service, token, now));
        return token;
    }

    /// <summary>The service that a token was made for.</summary>
    /// <exception cref="RefusalException">It is none of ours, or too old.</exception>
    public async Task<string> VerifyAsync(string token)
    {
        if (_key is null) throw AuthRefusals.Of(ReasonCodes.Auth, "service_key", $"This service takes no service tokens: its setting {AuthOptions.Section}:{nameof(AuthOptions.ServiceKey)} is empty.");
        var result = await Handler.ValidateTokenAsync(token, _parameters).ConfigureAwait(false);
        if (!result.IsValid) throw TokenFailures.Explain(result.Exception, "The service token");
        return result.Claims.TryGetValue(JwtRegisteredClaimNames.Sub, out var subject) && subject is string { Length: > 0 } service
            ? service
            : throw AuthRefusals.Of(ReasonCodes.TokenInvalid, TokenFailures.Malformed, "The service token names no service.");
    }

    private sealed record Issued(string Service, string Token, DateTimeOffset At);
}
