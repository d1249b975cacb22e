using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Testing;
using Qmtl.Tests.Rpc;

namespace Qmtl.ServiceDefaults.Tests.Authentication;

/// <summary>Users' tokens: who is let in, and what others are told.</summary>
public sealed class TokenTests : IAsyncLifetime
{
    private TestIssuer _issuer = null!;
    private AuthHost _host = null!;

    public async Task InitializeAsync()
    {
        _issuer = await TestIssuer.StartAsync();
        _host = await AuthHost.StartAsync(AuthHost.Tokens(_issuer));
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public async Task Token_Valid_IsItsSubjectWithItsRoles_AndTheTokenGoesNoFurther(string algorithm)
    {
        var answer = await _host.GetAsync("/who", _issuer.Sign(_issuer.Claims("ann", ("w1", "operator"), ("*", "reader")), algorithm));

        Assert.Equal((200, "User ann [w1:operator,*:reader] via '' headers []"), (answer.Status, answer.Body));
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "missing", "" },
        { "malformed", "abc" },
        { "expired", """{"exp": 1000000000, "nbf": 999999000}""" },
        { "not_yet_valid", """{"nbf": 4000000000, "exp": 4000000600}""" },
        { "no_expiry", """{"exp": null}""" },
        { "audience", """{"aud": "others"}""" },
        { "issuer", """{"iss": "https://elsewhere.example"}""" },
        { "subject", """{"sub": null}""" },
        { "subject", """{"sub": "local"}""" },
        { "subject", """{"sub": "service:gateway"}""" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Token_Wrong_Is401ThatSaysWhy(string failure, string change)
    {
        var answer = await _host.GetAsync("/who", change switch { "" => null, "abc" => change, _ => Changed(change) });

        var code = failure switch { "missing" => "E_AUTH", "expired" or "not_yet_valid" => "E_TOKEN_EXPIRED", "audience" => "E_TOKEN_AUDIENCE", _ => "E_TOKEN_INVALID" };
        Assert.Equal((401, code, failure), (answer.Status, answer.Code, answer.Json.GetProperty("auth_failure").GetString()));
        var challenge = answer.Headers["WWW-Authenticate"];
        Assert.StartsWith("Bearer realm=\"qmtl\"", challenge, StringComparison.Ordinal);
        Assert.Equal(failure != "missing", challenge.Contains("error=\"invalid_token\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("none", "signature")]
    [InlineData("HS256", "algorithm")]
    public async Task Algorithm_OfNoIssuersKey_IsRefused(string algorithm, string failure)
    {
        var answer = await _host.GetAsync("/who", _issuer.Sign(_issuer.Claims("eve", ("*", "owner")), algorithm));

        Assert.Equal(401, answer.Status);
        Assert.Contains(answer.Json.GetProperty("auth_failure").GetString(), new[] { failure, "unknown_key", "signature" });
    }

    [Fact]
    public async Task Signature_OfAnotherIssuer_IsRefused()
    {
        await using var other = await TestIssuer.StartAsync();
        var claims = other.Claims("eve", ("*", "owner"));
        claims["iss"] = _issuer.Address;

        var answer = await _host.GetAsync("/who", other.Sign(claims));

        Assert.Equal((401, "signature"), (answer.Status, answer.Json.GetProperty("auth_failure").GetString()));
    }

    [Fact]
    public async Task Claims_ChangedAfterSigning_AreRefused()
    {
        var parts = _issuer.Token("ann", ("w1", "reader")).Split('.');
        var forged = _issuer.Token("ann", ("*", "owner")).Split('.');

        var answer = await _host.GetAsync("/who", $"{parts[0]}.{forged[1]}.{parts[2]}");

        Assert.Equal((401, "signature"), (answer.Status, answer.Json.GetProperty("auth_failure").GetString()));
    }

    [Fact]
    public async Task Key_Rotated_IsReadAgain()
    {
        Assert.Equal(200, (await _host.GetAsync("/who", _issuer.Token("ann"))).Status);
        var before = _issuer.KeyReads;

        _issuer.Rotate();

        await TimeLimits.EventuallyAsync(async () => (await _host.GetAsync("/who", _issuer.Token("ann"))).Status == 200, what: "the new key");
        Assert.True(_issuer.KeyReads > before);
    }

    [Fact]
    public async Task Issuer_ThatDoesNotAnswer_Is503_NotAWrongToken()
    {
        _issuer.Fails = true;

        var answer = await _host.GetAsync("/who", _issuer.Token("ann"));

        Assert.Equal((503, "E_UNAVAILABLE"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task KeysWithoutDiscovery_AreEnough()
    {
        await using var host = await AuthHost.StartAsync(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Auth:JwksUri"] = _issuer.JwksUri,
            ["Auth:Issuer"] = _issuer.Address,
            ["Auth:Audience"] = "qmtl",
            ["Auth:ServiceKey"] = AuthHost.Key,
        });

        Assert.Equal(200, (await host.GetAsync("/who", _issuer.Token("ann"))).Status);
        Assert.Equal(401, (await host.GetAsync("/who", Changed("""{"iss": "https://elsewhere.example"}"""))).Status);
    }

    [Fact]
    public async Task Grpc_WithoutToken_IsUnauthenticatedWithTheReason_AndWithOneServed()
    {
        using var channel = GrpcChannel.ForAddress(_host.Grpc);
        var client = new Echo.EchoClient(channel);

        var failure = await Assert.ThrowsAsync<RpcException>(() => client.GetAsync(new Everything()).ResponseAsync.Within());
        var served = await client.GetAsync(new Everything(), new Metadata { { "authorization", "Bearer " + _issuer.Token("ann") } }).ResponseAsync.Within();

        Assert.Equal(StatusCode.Unauthenticated, failure.StatusCode);
        var refusal = RefusalStatus.FromRpcException(failure);
        Assert.Equal((ReasonCodes.Auth, "missing"), (refusal.Code, refusal.Metadata["auth_failure"]));
        Assert.Equal("ann", served.Free.Fields["caller"].StringValue);
    }

    [Theory]
    [InlineData("""{"qmtl_roles": ["w1:operator", "*:reader"]}""", "w1:operator,*:reader")]
    [InlineData("""{"qmtl_roles": "w1:operator"}""", "w1:operator")]
    [InlineData("""{"qmtl_roles": {"w1": "king", "w2": 7, "w3": "reader"}}""", "w3:reader")]
    [InlineData("""{"qmtl_roles": {"a,*:owner,b": "reader"}}""", "")]
    [InlineData("""{"qmtl_roles": {"w1": "2"}}""", "")]
    [InlineData("""{"qmtl_roles": null}""", "")]
    public async Task Roles_OfAnyShape_GrantWhatTheySay_AndNothingElse(string claims, string grants)
    {
        var answer = await _host.GetAsync("/who", Changed(claims));

        Assert.Equal($"User ann [{grants}] via '' headers []", answer.Body);
    }

    private string Changed(string change)
    {
        var claims = _issuer.Claims("ann");
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            if (value is null) claims.Remove(name);
            else claims[name] = value.DeepClone();
        }

        return _issuer.Sign(claims);
    }
}
