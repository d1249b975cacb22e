using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Data;

/// <summary>Feature artifacts in a folder: <c>factor=F/interval=60/config=H/instrument=I/dataset=D/v000001.feature</c>.</summary>
/// <remarks>A version appears whole or not at all, and a writer that loses a race for a version takes the next one.</remarks>
public sealed class FeatureArtifactDirectory : IFeatureArtifactStore
{
    private const string Extension = ".feature";
    private const string VersionFormat = "'v'000000";

    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly IReadOnlyCollection<ExecutionDomain> _writers;

    /// <summary>A store in a folder.</summary>
    /// <param name="root">The folder; it is made when it is missing.</param>
    /// <param name="time">The clock of creation and age.</param>
    /// <param name="writeDomains">Domains that may write; null means backtest and dryrun. Live and shadow never may.</param>
    public FeatureArtifactDirectory(string root, TimeProvider time, IReadOnlyCollection<ExecutionDomain>? writeDomains = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        ArgumentNullException.ThrowIfNull(time);
        _root = root;
        _time = time;
        _writers = writeDomains ?? [ExecutionDomain.Backtest, ExecutionDomain.Dryrun];
        foreach (var domain in _writers)
        {
            if (domain is ExecutionDomain.Live or ExecutionDomain.Shadow)
                throw RefusalException.At(ReasonCodes.InvalidArgument, "/write_domains", $"The domain {domain.ToToken()} cannot be given leave to write feature artifacts; it reads them.");
        }
    }

    /// <inheritdoc/>
    public async Task<FeatureArtifactInfo> WriteAsync(ExecutionDomain domain, FeatureArtifactKey key, ReadOnlyMemory<long> times, ReadOnlyMemory<double> values, CancellationToken cancellationToken = default)
    {
        Check(key);
        if (!_writers.Contains(domain))
            throw new RefusalException(ReasonCodes.ArtifactReadOnly, $"Feature artifacts cannot be written from {domain.ToToken()}; write {key.Factor} in a run on history ({string.Join(", ", _writers.Select(writer => writer.ToToken()))}).");
        var (at, kept) = Present(key, times.Span, values.Span);
        var hash = FeatureFile.HashOf(at, kept);
        var folder = FolderOf(key);
        Directory.CreateDirectory(folder);
        while (true)
        {
            var newest = Versions(folder).LastOrDefault();
            if (newest.Path is not null && (await LoadAsync(newest.Path, cancellationToken).ConfigureAwait(false)).Info is var info && info.ContentHash == hash) return info;
            var next = new FeatureArtifactInfo(key, newest.Version + 1, at.Length, hash, _time.GetUtcNow());
            if (await TryPublishAsync(folder, new FeatureSeries(next, at, kept), cancellationToken).ConfigureAwait(false)) return next;
        }
    }

    /// <inheritdoc/>
    public async Task<FeatureSeries?> ReadAsync(FeatureArtifactKey key, long start = long.MinValue, long end = long.MaxValue, int? version = null, CancellationToken cancellationToken = default)
    {
        Check(key);
        var versions = Versions(FolderOf(key));
        var found = version is { } wanted ? versions.Find(candidate => candidate.Version == wanted) : versions.LastOrDefault();
        if (found.Path is null)
        {
            if (versions.Count == 0) RefuseOtherData(key);
            return null;
        }

        var series = await LoadAsync(found.Path, cancellationToken).ConfigureAwait(false);
        if (series.Info.Key != key) throw new RefusalException(ReasonCodes.FingerprintMismatch, $"{found.Path} holds {series.Info.Key}, not {key}; it was moved there.");
        var from = FirstFrom(series.Times.Span, start);
        var to = end == long.MaxValue ? series.Times.Length : FirstFrom(series.Times.Span, end + 1);
        return series with { Times = series.Times[from..Math.Max(from, to)], Values = series.Values[from..Math.Max(from, to)] };
    }

    /// <inheritdoc/>
    public async Task<int> CollectAsync(FeatureRetention retention, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(retention);
        ArgumentOutOfRangeException.ThrowIfLessThan(retention.KeepVersions, 1, nameof(retention));
        if (!Directory.Exists(_root)) return 0;
        var deleted = 0;
        var now = _time.GetUtcNow();
        foreach (var folder in Directory.EnumerateFiles(_root, "*" + Extension, SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Distinct(StringComparer.Ordinal).ToArray())
        {
            var versions = Versions(folder);
            for (var i = 0; i < versions.Count; i++)
            {
                var old = i < versions.Count - retention.KeepVersions;
                if (!old && retention.MaxAge is { } age) old = now - (await LoadAsync(versions[i].Path!, cancellationToken).ConfigureAwait(false)).Info.CreatedAt > age;
                if (!old) continue;
                File.Delete(versions[i].Path!);
                deleted++;
            }
        }

        return deleted;
    }

    private static (long[] Times, double[] Values) Present(FeatureArtifactKey key, ReadOnlySpan<long> times, ReadOnlySpan<double> values)
    {
        if (times.Length != values.Length) throw new ArgumentException($"There are {times.Length} times for {values.Length} values.", nameof(times));
        var at = new List<long>(times.Length);
        var kept = new List<double>(times.Length);
        for (var i = 0; i < times.Length; i++)
        {
            if (i > 0 && times[i] <= times[i - 1]) throw RefusalException.At(ReasonCodes.DataInvalid, string.Create(CultureInfo.InvariantCulture, $"/times/{i}"), $"{key.Factor}: time {i} does not come after the one before it.");
            if (!double.IsFinite(values[i])) continue;
            at.Add(times[i]);
            kept.Add(values[i]);
        }

        return ([.. at], [.. kept]);
    }

    private static async Task<bool> TryPublishAsync(string folder, FeatureSeries series, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, series.Info.Version.ToString(VersionFormat, CultureInfo.InvariantCulture) + Extension);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            await using (file.ConfigureAwait(false))
            {
                await file.WriteAsync(FeatureFile.Encode(series), cancellationToken).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task<FeatureSeries> LoadAsync(string path, CancellationToken cancellationToken) =>
        FeatureFile.Decode(path, await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));

    /// <summary>The versions of one key, oldest first.</summary>
    private static List<(int Version, string? Path)> Versions(string folder)
    {
        var found = new List<(int Version, string? Path)>();
        if (!Directory.Exists(folder)) return found;
        foreach (var path in Directory.EnumerateFiles(folder, "v*" + Extension))
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(path).AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)) found.Add((version, path));
        }

        found.Sort(static (a, b) => a.Version.CompareTo(b.Version));
        return found;
    }

    private static int FirstFrom(ReadOnlySpan<long> times, long time)
    {
        var found = times.BinarySearch(time);
        return found < 0 ? ~found : found;
    }

    private static void Check(FeatureArtifactKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        foreach (var (name, value) in new[] { ("factor", key.Factor), ("config_hash", key.ConfigHash), ("instrument", key.Instrument), ("dataset_fingerprint", key.DatasetFingerprint) })
        {
            if (string.IsNullOrWhiteSpace(value)) throw RefusalException.At(ReasonCodes.InvalidArgument, "/key/" + name, $"The key of a feature artifact needs {name}.");
        }
    }

    private void RefuseOtherData(FeatureArtifactKey key)
    {
        var siblings = Path.GetDirectoryName(FolderOf(key))!;
        if (!Directory.Exists(siblings)) return;
        var others = Directory.GetDirectories(siblings).Where(folder => Versions(folder).Count > 0).Select(folder => Uri.UnescapeDataString(Path.GetFileName(folder)["dataset=".Length..])).Order(StringComparer.Ordinal).ToArray();
        if (others.Length > 0)
            throw new RefusalException(ReasonCodes.FingerprintMismatch, $"{key.Factor} of {key.Instrument} was computed from other data ({string.Join(", ", others)}), not from {key.DatasetFingerprint}. Compute it from this data first.");
    }

    private string FolderOf(FeatureArtifactKey key) => Path.Combine(
        _root,
        "factor=" + Uri.EscapeDataString(key.Factor),
        string.Create(CultureInfo.InvariantCulture, $"interval={key.IntervalSeconds}"),
        "config=" + Uri.EscapeDataString(key.ConfigHash),
        "instrument=" + Uri.EscapeDataString(key.Instrument),
        "dataset=" + Uri.EscapeDataString(key.DatasetFingerprint));
}
