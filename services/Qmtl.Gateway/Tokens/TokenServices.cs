using Qmtl.V1;

namespace Qmtl.Gateway.Tokens;

/// <summary>Tokens as part of a Gateway.</summary>
internal static class TokenServices
{
    public static IServiceCollection AddEventTokens(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(configuration.GetSection(TokenOptions.Section).Get<TokenOptions>() ?? new TokenOptions());
        services.AddSingleton<TokenKeys>();
        // Made when the host starts: a Gateway without the key it must have does not start.
        services.AddHostedService(provider => provider.GetRequiredService<TokenKeys>());
        services.AddSingleton<ReplayWindow>();
        services.AddSingleton<TokenMetrics>();
        services.AddSingleton<EventTokens>();
        return services;
    }

    /// <summary>The public halves of the keys that verify now.</summary>
    public static JsonWebKeySet Publish(this KeyRing ring, DateTimeOffset now)
    {
        var set = new JsonWebKeySet();
        foreach (var key in ring.At(now)) set.Keys.Add(new JsonWebKey { Kty = "EC", Kid = key.Id, Use = "sig", Alg = "ES256", Crv = "P-256", X = key.X, Y = key.Y });
        return set;
    }
}
