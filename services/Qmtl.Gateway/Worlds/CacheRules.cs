using System.Net.Http.Headers;
using Google.Protobuf.WellKnownTypes;

namespace Qmtl.Gateway.Worlds;

/// <summary>How long an answer may be used. Pure.</summary>
internal static class CacheRules
{
    /// <summary>The first that says something: <c>Cache-Control</c>, the envelope's own ttl, the default.</summary>
    /// <param name="cacheControl">The header that came with the answer, or null.</param>
    /// <param name="ttl">The envelope's ttl, or null.</param>
    /// <param name="standard">What holds where neither says anything.</param>
    /// <returns>Zero where the answer must not be kept.</returns>
    public static TimeSpan TtlOf(string? cacheControl, Duration? ttl, TimeSpan standard)
    {
        if (CacheControlHeaderValue.TryParse(cacheControl, out var header) && header is not null)
        {
            if (header.NoStore || header.NoCache) return TimeSpan.Zero;
            if (header.MaxAge is { } maxAge) return NotNegative(maxAge);
        }
        else if (cacheControl is { Length: > 0 })
        {
            // A header that nobody can read, a negative age among them, allows nothing.
            return TimeSpan.Zero;
        }

        return NotNegative(ttl?.ToTimeSpan() ?? standard);
    }

    private static TimeSpan NotNegative(TimeSpan value) => value > TimeSpan.Zero ? value : TimeSpan.Zero;
}
