using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qmtl.V1;

namespace Qmtl.Protos;

/// <summary>Under which HTTP ETag an envelope is answered, by whoever answers it.</summary>
public static class EnvelopeEtags
{
    private const int ShortHash = 8;

    /// <summary>
    /// The ETag of an activation: that of the entry and, where its data is known, a short hash of it. The data moves on without the entry changing, and a
    /// client that asks with If-None-Match must not keep the old one.
    /// </summary>
    public static string HttpEtag(this ActivationEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Etag.Length == 0 || envelope.DatasetFingerprint is null) return envelope.Etag;
        var pin = string.Create(CultureInfo.InvariantCulture, $"{envelope.DatasetFingerprint}\n{envelope.AsOf?.Seconds}\n{envelope.AsOf?.Nanos}");
        return $"{envelope.Etag}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pin)))[..ShortHash]}";
    }
}
