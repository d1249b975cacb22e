using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>The identity provider's keys could not be read, so that no token can be judged.</summary>
internal sealed class ProviderUnavailableException(string message, Exception cause) : Exception(message, cause);

/// <summary>How users' tokens are checked.</summary>
internal static class BearerTokens
{
    /// <summary>Keys that only the issuer has. Neither "none" nor a shared secret, which a public key could be mistaken for.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384,
        SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    public static void Configure(JwtBearerOptions bearer, AuthOptions options, TimeProvider time)
    {
        // Its own names for claims would hide the ones the token has.
        bearer.MapInboundClaims = false;
        bearer.SaveToken = false;
        bearer.Audience = options.Audience;
        bearer.RefreshInterval = options.KeyRefresh;
        bearer.RequireHttpsMetadata = !AuthOptions.IsLoopback(new Uri(options.Authority is { Length: > 0 } authority ? authority : options.JwksUri!));
        if (options.JwksUri is { Length: > 0 } keys) bearer.ConfigurationManager = FromKeys(keys, options);
        else bearer.Authority = options.Authority;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = options.Issuer is { Length: > 0 } issuer ? issuer : null,
            ValidAudience = options.Audience,
            ValidAlgorithms = Algorithms,
            LifetimeValidator = TokenLifetime.Validator(time, options.ClockSkew),
            NameClaimType = "sub",
        };
        bearer.Events = new JwtBearerEvents { OnAuthenticationFailed = FailAsync };
    }

    /// <summary>A failure is an answer, never an exception; and a provider that cannot be asked is no reason to call a token wrong.</summary>
    private static async Task FailAsync(AuthenticationFailedContext context)
    {
        var failure = context.Exception;
        try
        {
            // In memory once it was read. Without it every token looks wrong, in one way or another.
            if (context.Options.ConfigurationManager is { } manager) await manager.GetConfigurationAsync(context.HttpContext.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            failure = new ProviderUnavailableException("The keys of the identity provider cannot be read now, so that no token can be checked; try again.", problem);
        }

        context.Fail(failure);
    }

    private static ConfigurationManager<OpenIdConnectConfiguration> FromKeys(string address, AuthOptions options) =>
        new(address, new KeySetRetriever(options.Issuer!), new HttpDocumentRetriever { RequireHttps = !AuthOptions.IsLoopback(new Uri(address)) }) { RefreshInterval = options.KeyRefresh };

    /// <summary>A provider without discovery has only keys.</summary>
    private sealed class KeySetRetriever(string issuer) : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(string address, IDocumentRetriever retriever, CancellationToken cancel)
        {
            var configuration = new OpenIdConnectConfiguration { Issuer = issuer, JwksUri = address };
            foreach (var key in new JsonWebKeySet(await retriever.GetDocumentAsync(address, cancel).ConfigureAwait(false)).GetSigningKeys()) configuration.SigningKeys.Add(key);
            return configuration;
        }
    }
}
