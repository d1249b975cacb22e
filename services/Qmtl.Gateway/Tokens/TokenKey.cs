using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Qmtl.Gateway.Tokens;

/// <summary>A P-256 key. Its id is the RFC 7638 thumbprint of its public half, so that every gateway calls it the same.</summary>
internal sealed class TokenKey
{
    public TokenKey(ECDsa algorithm, bool canSign)
    {
        var point = algorithm.ExportParameters(includePrivateParameters: false).Q;
        (X, Y, CanSign) = (Base64UrlEncoder.Encode(point.X), Base64UrlEncoder.Encode(point.Y), canSign);
        // The members in the order that RFC 7638 asks for.
        Id = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{X}}","y":"{{Y}}"}""")));
        Security = new ECDsaSecurityKey(algorithm) { KeyId = Id };
    }

    public string Id { get; }

    /// <summary>Coordinates of the public point, base64url.</summary>
    public string X { get; }

    /// <inheritdoc cref="X"/>
    public string Y { get; }

    /// <summary>Whether the private half is here.</summary>
    public bool CanSign { get; }

    public ECDsaSecurityKey Security { get; }

    public static TokenKey Random() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), canSign: true);
}
