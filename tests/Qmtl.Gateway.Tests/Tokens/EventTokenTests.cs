using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.Tokens;
using Qmtl.Gateway.Tokens;
using Qmtl.Identity;
using Qmtl.Testing;

namespace Qmtl.Gateway.Tests.Tokens;

public sealed class EventTokenTests : IDisposable
{
    // RFC 7515, appendix A.3: the key and the signed text of the standard's own example.
    private const string RfcX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    private const string RfcY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    private const string RfcInput = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    private const string RfcSignature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    private static readonly TokenGrant Grant = new(TokenAudiences.Events, "alice", "w1", "s1", ["activation", "queue"]);

    private readonly ManualClock _clock = new();
    private readonly TokenMetrics _metrics = new();
    private readonly TokenKeys _keys;
    private readonly EventTokens _tokens;

    public EventTokenTests()
    {
        _keys = Keys(new TokenOptions());
        _tokens = Tokens(_keys);
    }

    public void Dispose()
    {
        _keys.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task Validate_AFreshToken_SaysWhatWasGranted()
    {
        var token = await _tokens.ValidateAsync(_tokens.Issue(Grant).Text, TokenAudiences.Events);

        Assert.Equivalent(Grant, token.Grant);
        Assert.Equal(EventTokens.Life, token.ExpiresAt - _clock.GetUtcNow());
    }

    [Fact]
    public void Issue_Claims_AreThoseOfTheContract()
    {
        var issued = _tokens.Issue(Grant);
        var header = Part(issued.Text, 0);
        var payload = Part(issued.Text, 1);

        Assert.Equal(("ES256", _keys.Ring.Active.Id), ((string)header["alg"]!, (string)header["kid"]!));
        Assert.Equal(["aud", "exp", "iat", "iss", "jti", "nbf", "strategy_id", "sub", "topics", "world_id"], payload.Select(claim => claim.Key).Order(StringComparer.Ordinal));
        Assert.Equal(300, (long)payload["exp"]! - (long)payload["iat"]!);
    }

    [Theory]
    [InlineData(-31, "E_TOKEN_EXPIRED")]
    [InlineData(-29, null)]
    [InlineData(329, null)]
    [InlineData(331, "E_TOKEN_EXPIRED")]
    public async Task Validate_ByTime_AllowsForThirtySecondsOfSkew(int seconds, string? code)
    {
        var text = _tokens.Issue(Grant).Text;
        var clock = new ManualClock(_clock.GetUtcNow().AddSeconds(seconds));
        var later = new EventTokens(_keys, new ReplayWindow(clock), _metrics, clock);

        Assert.Equal(code, await CodeAsync(() => later.ValidateAsync(text, TokenAudiences.Events)));
    }

    [Fact]
    public async Task Validate_ForAnotherAudience_IsRefused() =>
        Assert.Equal("E_TOKEN_AUDIENCE", await CodeAsync(() => _tokens.ValidateAsync(_tokens.Issue(Grant).Text, TokenAudiences.Fills)));

    [Fact]
    public async Task Validate_SignedByAnotherGateway_IsRefused()
    {
        using var others = Keys(new TokenOptions());

        Assert.Equal("E_TOKEN_INVALID", await CodeAsync(() => _tokens.ValidateAsync(Tokens(others).Issue(Grant).Text, TokenAudiences.Events)));
    }

    [Fact]
    public async Task Validate_WithoutASignature_IsRefused()
    {
        var text = _tokens.Issue(Grant).Text.Split('.');
        var header = Encode($$"""{"alg":"none","typ":"JWT","kid":"{{_keys.Ring.Active.Id}}"}""");

        foreach (var forged in new[] { $"{header}.{text[1]}.", $"{header}.{text[1]}.{text[2]}", $"{text[0]}.{text[1]}." })
            Assert.Equal("E_TOKEN_INVALID", await CodeAsync(() => _tokens.ValidateAsync(forged, TokenAudiences.Events)));
    }

    [Fact]
    public async Task Validate_PublicKeyAsSharedSecret_IsRefused()
    {
        var key = _keys.Ring.Active;
        var payload = _tokens.Issue(Grant).Text.Split('.')[1];
        var input = Encode($$"""{"alg":"HS256","typ":"JWT","kid":"{{key.Id}}"}""") + "." + payload;
        byte[][] secrets = [key.Security.ECDsa.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(key.Security.ECDsa.ExportSubjectPublicKeyInfoPem()), Base64UrlEncoder.DecodeBytes(key.X)];

        foreach (var secret in secrets)
        {
            var forged = input + "." + Base64UrlEncoder.Encode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(input)));
            Assert.Equal("E_TOKEN_INVALID", await CodeAsync(() => _tokens.ValidateAsync(forged, TokenAudiences.Events)));
        }
    }

    [Fact]
    public void Validate_AnyChangeOfTheText_IsRefused()
    {
        var text = _tokens.Issue(Grant).Text;
        // The last characters of a base64url text may hold bits that nothing reads; the ends of the parts are left out.
        var places = Enumerable.Range(0, text.Length).Where(at => text[at] != '.' && (at + 1 == text.Length || text[at + 1] != '.') && at != text.Length - 1).ToArray();

        Prop.ForAll(Gen.Elements(places).ToArbitrary(), Gen.Elements("AZaz09-_".ToCharArray()).ToArbitrary(), (at, letter) =>
        {
            if (text[at] == letter) return true;
            var changed = text[..at] + letter + text[(at + 1)..];
            return CodeAsync(() => _tokens.ValidateAsync(changed, TokenAudiences.Events)).GetAwaiter().GetResult() is "E_TOKEN_INVALID";
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("a.b.c")]
    [InlineData("....")]
    public async Task Validate_WhatIsNoToken_IsRefused(string text) => Assert.Equal("E_TOKEN_INVALID", await CodeAsync(() => _tokens.ValidateAsync(text, TokenAudiences.Events)));

    [Fact]
    public async Task Validate_AnEndlessToken_IsRefused() => Assert.Equal("E_TOKEN_INVALID", await CodeAsync(() => _tokens.ValidateAsync(new string('a', 1_000_000), TokenAudiences.Events)));

    [Fact]
    public async Task Redeem_ASecondTime_IsRefused()
    {
        var text = _tokens.Issue(Grant).Text;

        await _tokens.RedeemAsync(text, TokenAudiences.Events);

        Assert.Equal("E_TOKEN_REPLAYED", await CodeAsync(() => _tokens.RedeemAsync(text, TokenAudiences.Events)));
    }

    [Fact]
    public void ReplayWindow_IdsWhoseTimeIsOver_AreForgotten()
    {
        var window = new ReplayWindow(_clock);
        for (var i = 0; i < 1_000; i++) Assert.True(window.TryUse($"{i}", _clock.GetUtcNow().AddSeconds(i % 2 == 0 ? 10 : 100)));

        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.True(window.TryUse("new", _clock.GetUtcNow().AddSeconds(1)));
        Assert.Equal(501, window.Count);
        Assert.False(window.TryUse("1", _clock.GetUtcNow().AddSeconds(1)));
    }

    [Fact]
    public void Keys_TheExampleOfTheStandard_Verifies()
    {
        using var ecdsa = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = { X = Base64UrlEncoder.DecodeBytes(RfcX), Y = Base64UrlEncoder.DecodeBytes(RfcY) } });
        var key = Assert.Single(KeyPem.Read(ecdsa.ExportSubjectPublicKeyInfoPem(), password: null));

        Assert.Equal((RfcX, RfcY, false), (key.X, key.Y, key.CanSign));
        using var provider = new CryptoProviderFactory().CreateForVerifying(key.Security, SecurityAlgorithms.EcdsaSha256);
        Assert.True(provider.Verify(Encoding.ASCII.GetBytes(RfcInput), Base64UrlEncoder.DecodeBytes(RfcSignature)));
        Assert.False(provider.Verify(Encoding.ASCII.GetBytes(RfcInput + "A"), Base64UrlEncoder.DecodeBytes(RfcSignature)));
    }

    [Fact]
    public async Task Keys_Rotated_OldTokensCountForTheirLifeAndNoLonger()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Pem());
        using var keys = Keys(new TokenOptions { KeyFile = file });
        var tokens = Tokens(keys);
        var (old, text) = (keys.Ring.Active.Id, tokens.Issue(Grant).Text);

        await File.WriteAllTextAsync(file, Pem());
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        keys.Refresh();

        Assert.NotEqual(old, keys.Ring.Active.Id);
        await tokens.ValidateAsync(text, TokenAudiences.Events);
        Assert.Equal([keys.Ring.Active.Id, old], keys.Ring.Publish(_clock.GetUtcNow()).Keys.Select(key => key.Kid));
        _clock.Advance(EventTokens.Life + EventTokens.Skew);
        Assert.Equal([keys.Ring.Active.Id], keys.Ring.Publish(_clock.GetUtcNow()).Keys.Select(key => key.Kid));
        Assert.NotNull(await CodeAsync(() => tokens.ValidateAsync(text, TokenAudiences.Events)));
        File.Delete(file);
    }

    [Fact]
    public async Task Keys_AFileThatBreaks_LeavesTheKeysInForce()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Pem());
        using var keys = Keys(new TokenOptions { KeyFile = file });
        var active = keys.Ring.Active.Id;

        await File.WriteAllTextAsync(file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        keys.Refresh();
        File.Delete(file);
        keys.Refresh();

        Assert.Equal(active, keys.Ring.Active.Id);
    }

    [Fact]
    public void Keys_Encrypted_NeedThePassword()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = ecdsa.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1_000));

        Assert.True(Assert.Single(KeyPem.Read(pem, "secret")).CanSign);
        Assert.Throws<CryptographicException>(() => KeyPem.Read(pem, "wrong"));
        Assert.Contains("KeyPassword", Assert.Throws<CryptographicException>(() => KeyPem.Read(pem, password: null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_OnAnotherCurve_AreRefused()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Assert.Contains("P-256", Assert.Throws<CryptographicException>(() => KeyPem.Read(ecdsa.ExportPkcs8PrivateKeyPem(), password: null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_InProduction_MustBeGiven()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => Keys(new TokenOptions(), Environments.Production));
        Assert.Contains("Gateway:Tokens:KeyFile", refused.Message, StringComparison.Ordinal);

        Keys(new TokenOptions { KeyPem = Pem() }, Environments.Production).Dispose();
    }

    private static string Pem()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return ecdsa.ExportPkcs8PrivateKeyPem();
    }

    private static string Encode(string json) => Base64UrlEncoder.Encode(json);

    private static JsonObject Part(string token, int number) => JsonNode.Parse(Base64UrlEncoder.Decode(token.Split('.')[number]))!.AsObject();

    private static async Task<string?> CodeAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (RefusalException refusal)
        {
            return refusal.Code.Code;
        }
    }

    private TokenKeys Keys(TokenOptions options, string environment = "Test") =>
        new(options, new HostingEnvironment { EnvironmentName = environment }, _clock, NullLogger<TokenKeys>.Instance);

    private EventTokens Tokens(TokenKeys keys) => new(keys, new ReplayWindow(_clock), _metrics, _clock);
}
