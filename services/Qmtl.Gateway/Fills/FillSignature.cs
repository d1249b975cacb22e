using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Identity;

namespace Qmtl.Gateway.Fills;

/// <summary>The headers of a signed request.</summary>
internal sealed record SignedHeaders(string Signature, string Timestamp, string Nonce, string WorldId, string StrategyId);

/// <summary>Signatures of fills: HMAC-SHA256 over time, nonce, world, strategy and body, in hex. Pure.</summary>
/// <remarks>The ids are signed too, so that nobody moves a fill to another strategy; time and nonce, so that nobody sends it twice.</remarks>
internal static class FillSignature
{
    private const int ShortestNonce = 16;
    private const int LongestNonce = 64;

    /// <summary>The signature of a request.</summary>
    public static string Sign(string secret, SignedHeaders headers, ReadOnlySpan<byte> body) => Convert.ToHexStringLower(Compute(secret, headers, body));

    /// <summary>Refuses a request that is not signed with the secret, now.</summary>
    /// <exception cref="RefusalException"><c>E_MISSING_IDS</c> or <c>E_AUTH</c>.</exception>
    public static void Check(SignedHeaders headers, ReadOnlySpan<byte> body, FillOptions options, DateTimeOffset now)
    {
        if (headers.WorldId.Length == 0 || headers.StrategyId.Length == 0) throw new RefusalException(ReasonCodes.MissingIds, "A signed fill names its world and strategy in X-World-ID and X-Strategy-ID.");
        var secret = options.SecretOf(headers.WorldId);
        if (string.IsNullOrEmpty(secret)) throw Refuse($"This gateway has no secret for signed fills: set {FillOptions.Section}:Secret, or send a token.");
        if (headers.Nonce.Length is < ShortestNonce or > LongestNonce || !headers.Nonce.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'))
            throw Refuse($"X-Nonce must be {ShortestNonce} to {LongestNonce} letters, digits, - or _, drawn at random for each request.");
        if (!long.TryParse(headers.Timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || Math.Abs(now.ToUnixTimeSeconds() - seconds) > (long)options.SignatureAge.TotalSeconds)
            throw Refuse($"X-Timestamp must be the time of sending in seconds since 1970, within {options.SignatureAge.TotalSeconds:F0} s of {now.ToUnixTimeSeconds()}.");
        if (!CryptographicOperations.FixedTimeEquals(Compute(secret, headers, body), Read(headers.Signature))) throw Refuse("X-Signature does not fit the request.");
    }

    private static byte[] Compute(string secret, SignedHeaders headers, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.UTF8.GetBytes($"{headers.Timestamp}\n{headers.Nonce}\n{headers.WorldId}\n{headers.StrategyId}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    private static byte[] Read(string hex)
    {
        var bytes = new byte[HMACSHA256.HashSizeInBytes];
        return hex.Length == bytes.Length * 2 && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : [];
    }

    private static RefusalException Refuse(string detail) => new(ReasonCodes.Auth, detail);
}
