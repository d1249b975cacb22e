using System.Security.Cryptography;

namespace Qmtl.Gateway.Tokens;

/// <summary>Reads P-256 keys from PEM text. Pure.</summary>
internal static class KeyPem
{
    private const int Bits = 256;

    /// <summary>The keys of a text in their order; whatever is not a key is passed over.</summary>
    /// <exception cref="CryptographicException">A key cannot be read or is on another curve.</exception>
    public static IReadOnlyList<TokenKey> Read(string pem, string? password)
    {
        var keys = new List<TokenKey>();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var found))
        {
            if (Import(rest[found.Label], rest[found.Location], password) is { } key) keys.Add(key);
            rest = rest[found.Location.End..];
        }

        return keys;
    }

    private static TokenKey? Import(ReadOnlySpan<char> label, ReadOnlySpan<char> block, string? password)
    {
        var isPrivate = label is "PRIVATE KEY" or "EC PRIVATE KEY" or "ENCRYPTED PRIVATE KEY";
        if (!isPrivate && label is not "PUBLIC KEY") return null;
        var algorithm = ECDsa.Create();
        try
        {
            if (label is "ENCRYPTED PRIVATE KEY") algorithm.ImportFromEncryptedPem(block, password ?? throw new CryptographicException($"The key is encrypted; set {TokenOptions.Section}:KeyPassword."));
            else algorithm.ImportFromPem(block);
            if (algorithm.KeySize != Bits || algorithm.ExportParameters(includePrivateParameters: false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
                throw new CryptographicException("The key is not on the curve P-256 (prime256v1).");
            return new TokenKey(algorithm, isPrivate);
        }
        catch
        {
            algorithm.Dispose();
            throw;
        }
    }
}
