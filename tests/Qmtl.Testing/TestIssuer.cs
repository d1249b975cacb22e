using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Qmtl.Testing;

/// <summary>
/// An identity provider on a free port of this machine, with OpenID discovery and two keys (ES256 and RS256). Its tokens are put together by hand,
/// so that they also show what a library would not make.
/// </summary>
public sealed class TestIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RSA _rsa = RSA.Create(2048);
    private ECDsa _elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private int _generation;

    private TestIssuer(WebApplication app) => _app = app;

    /// <summary>Its address, and the claim <c>iss</c> of its tokens.</summary>
    public string Address => _app.Urls.First();

    /// <summary>Where its public keys are.</summary>
    public string JwksUri => Address + "/keys";

    /// <summary>How often its keys were read.</summary>
    public int KeyReads { get; private set; }

    /// <summary>Whether it answers with an error instead of its keys.</summary>
    public bool Fails { get; set; }

    public static async Task<TestIssuer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var issuer = new TestIssuer(app);
        app.MapGet("/.well-known/openid-configuration", () => Results.Text($$"""{"issuer":"{{issuer.Address}}","jwks_uri":"{{issuer.JwksUri}}"}""", "application/json"));
        app.MapGet("/keys", () => issuer.Fails ? Results.StatusCode(500) : Results.Text(issuer.Keys(), "application/json"));
        await app.StartAsync().Within();
        return issuer;
    }

    /// <summary>Draws a new key; the old one is published no more.</summary>
    public void Rotate()
    {
        _elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _generation++;
    }

    /// <summary>The claims of a token for a caller with these roles.</summary>
    public JsonObject Claims(string subject, params (string World, string Role)[] roles)
    {
        var granted = new JsonObject();
        foreach (var (world, role) in roles) granted[world] = role;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return new JsonObject { ["iss"] = Address, ["aud"] = "qmtl", ["sub"] = subject, ["iat"] = now, ["nbf"] = now, ["exp"] = now + 600, ["qmtl_roles"] = granted };
    }

    /// <summary>A token for a caller with these roles.</summary>
    public string Token(string subject, params (string World, string Role)[] roles) => Sign(Claims(subject, roles));

    /// <summary>A token of these claims.</summary>
    /// <param name="claims">The claims.</param>
    /// <param name="algorithm">ES256, RS256, HS256 (with the public key as secret) or none.</param>
    /// <param name="key">Id of the key; by default that of the algorithm's key.</param>
    public string Sign(JsonObject claims, string algorithm = "ES256", string? key = null)
    {
        var header = new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = key ?? (algorithm == "RS256" ? "rsa" : $"ec{_generation}") };
        var text = Encode(Encoding.UTF8.GetBytes(header.ToJsonString())) + "." + Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()));
        var bytes = Encoding.ASCII.GetBytes(text);
        return text + "." + algorithm switch
        {
            "ES256" => Encode(_elliptic.SignData(bytes, HashAlgorithmName.SHA256)),
            "RS256" => Encode(_rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
            "HS256" => Encode(HMACSHA256.HashData(Encoding.ASCII.GetBytes(_elliptic.ExportSubjectPublicKeyInfoPem()), bytes)),
            _ => "",
        };
    }

    public async ValueTask DisposeAsync()
    {
        _rsa.Dispose();
        _elliptic.Dispose();
        await _app.DisposeAsync();
    }

    private string Keys()
    {
        KeyReads++;
        var point = _elliptic.ExportParameters(includePrivateParameters: false).Q;
        var rsa = _rsa.ExportParameters(includePrivateParameters: false);
        return JsonSerializer.Serialize(new
        {
            keys = new object[]
            {
                new { kty = "EC", use = "sig", alg = "ES256", kid = $"ec{_generation}", crv = "P-256", x = Encode(point.X!), y = Encode(point.Y!) },
                new { kty = "RSA", use = "sig", alg = "RS256", kid = "rsa", n = Encode(rsa.Modulus!), e = Encode(rsa.Exponent!) },
            },
        });
    }

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
