using System.Net;
using Qmtl.Gateway.Tests.Kit;

namespace Qmtl.Gateway.Tests.Tokens;

public sealed class JwksTests : FreshGateway
{
    [Fact]
    public async Task Jwks_OverHttp_HasPublicHalvesOnly()
    {
        var answer = await Gateway.GetAsync("/events/jwks");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var key = Assert.Single(answer.Json.GetProperty("keys").EnumerateArray());
        Assert.Equal(["alg", "crv", "kid", "kty", "use", "x", "y"], key.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        Assert.Equal(("EC", "P-256", "ES256"), (key.GetProperty("kty").GetString(), key.GetProperty("crv").GetString(), key.GetProperty("alg").GetString()));
    }
}
