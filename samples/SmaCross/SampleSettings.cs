using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Qmtl.Samples;

/// <summary>What the sample can be told.</summary>
/// <param name="Gateway">The Gateway, variable <c>QMTL_GATEWAY</c>.</param>
/// <param name="World">The world, variable <c>QMTL_WORLD</c>.</param>
/// <param name="BarEvery">How long an hour of the invented market takes, variable <c>QMTL_SAMPLE_BAR_EVERY</c> in seconds.</param>
/// <param name="StartedAt">When whoever started all this began, variable <c>QMTL_STARTED_AT</c>; null when nobody said.</param>
public sealed record SampleSettings(Uri Gateway, string World, TimeSpan BarEvery, DateTimeOffset? StartedAt)
{
    /// <summary>Reads them.</summary>
    public static SampleSettings From(IConfiguration configuration) => new(
        new Uri(configuration["QMTL_GATEWAY"] ?? "http://127.0.0.1:8000"),
        configuration["QMTL_WORLD"] ?? "crypto_mom_1h",
        TimeSpan.FromSeconds(double.Parse(configuration["QMTL_SAMPLE_BAR_EVERY"] ?? "10", CultureInfo.InvariantCulture)),
        configuration["QMTL_STARTED_AT"] is { } text ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture) : null);
}
