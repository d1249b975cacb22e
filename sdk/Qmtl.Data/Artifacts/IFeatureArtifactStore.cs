using Qmtl.Identity;

namespace Qmtl.Data;

/// <summary>What a feature artifact is of. Equal keys mean the same numbers.</summary>
/// <param name="Factor">The node that computed it: its identity.</param>
/// <param name="IntervalSeconds">Seconds between values.</param>
/// <param name="ConfigHash">SHA-256 of the node's parameters.</param>
/// <param name="Instrument">The instrument, or <c>__default__</c>.</param>
/// <param name="DatasetFingerprint">Fingerprint of the data it was computed from.</param>
public sealed record FeatureArtifactKey(string Factor, int IntervalSeconds, string ConfigHash, string Instrument, string DatasetFingerprint);

/// <summary>One written version of an artifact.</summary>
/// <param name="Key">What it is of.</param>
/// <param name="Version">1 for the first, one more whenever other numbers are written under the same key.</param>
/// <param name="Count">How many values it has.</param>
/// <param name="ContentHash"><c>blake3:</c> and the hash of times and values.</param>
/// <param name="CreatedAt">When it was written.</param>
public sealed record FeatureArtifactInfo(FeatureArtifactKey Key, int Version, int Count, string ContentHash, DateTimeOffset CreatedAt);

/// <summary>Values of an artifact, ordered by time.</summary>
/// <param name="Info">Where they come from.</param>
/// <param name="Times">Nanoseconds UTC, ascending.</param>
/// <param name="Values">One value a time; all finite.</param>
public sealed record FeatureSeries(FeatureArtifactInfo Info, ReadOnlyMemory<long> Times, ReadOnlyMemory<double> Values);

/// <summary>Which versions are kept.</summary>
/// <param name="KeepVersions">The newest of each key, at least 1; older ones are deleted.</param>
/// <param name="MaxAge">Versions older than this are deleted, the newest too. Null: age does not matter.</param>
public sealed record FeatureRetention(int KeepVersions = 3, TimeSpan? MaxAge = null);

/// <summary>Computed features, kept for other runs. What was written never changes.</summary>
public interface IFeatureArtifactStore
{
    /// <summary>Writes values under a key. The same values again are the version that is there already.</summary>
    /// <param name="domain">Where the writer runs. Only domains on history may write: what is live reads.</param>
    /// <param name="key">What the values are of.</param>
    /// <param name="times">Nanoseconds UTC, ascending.</param>
    /// <param name="values">One value a time; what is missing (NaN) is left out.</param>
    /// <param name="cancellationToken">Gives up; nothing is written then.</param>
    /// <exception cref="RefusalException">The domain may not write (<c>E_ARTIFACT_READ_ONLY</c>), or the series is out of order.</exception>
    Task<FeatureArtifactInfo> WriteAsync(ExecutionDomain domain, FeatureArtifactKey key, ReadOnlyMemory<long> times, ReadOnlyMemory<double> values, CancellationToken cancellationToken = default);

    /// <summary>Reads the values from <paramref name="start"/> to <paramref name="end"/>, both included.</summary>
    /// <param name="key">What to read; the data must be the very data it names.</param>
    /// <param name="start">Nanoseconds UTC.</param>
    /// <param name="end">Nanoseconds UTC.</param>
    /// <param name="version">The version; null means the newest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The values, or null when there is no such artifact of any data.</returns>
    /// <exception cref="RefusalException">
    /// There are artifacts of this factor, but of other data (<c>E_FINGERPRINT_MISMATCH</c>), or the stored bytes were altered.
    /// </exception>
    Task<FeatureSeries?> ReadAsync(FeatureArtifactKey key, long start = long.MinValue, long end = long.MaxValue, int? version = null, CancellationToken cancellationToken = default);

    /// <summary>Deletes what the retention does not keep.</summary>
    /// <returns>How many versions were deleted.</returns>
    Task<int> CollectAsync(FeatureRetention retention, CancellationToken cancellationToken = default);
}
