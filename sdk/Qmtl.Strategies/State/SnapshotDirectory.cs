using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>What came of an attempt to go on from a snapshot.</summary>
/// <param name="Watermark">The last bar that the restored state has seen, nanoseconds UTC; null when there was nothing to go on from.</param>
/// <param name="Refused">Snapshots that could not be used, newest first, each with its reason.</param>
public sealed record Hydration(long? Watermark, IReadOnlyList<RefusalException> Refused);

/// <summary>Snapshots in a folder: <c>world=W/execution_domain=D/PLAN/WATERMARK.snapshot</c>, so that contexts never see each other's.</summary>
/// <remarks>A snapshot appears whole or not at all: it is written beside its place, flushed, and renamed.</remarks>
public sealed class SnapshotDirectory
{
    /// <summary>The folder that is used unless another is given.</summary>
    public const string DefaultName = ".qmtl_snapshots";

    private const string Extension = ".snapshot";

    private readonly string _root;
    private readonly int _keep;
    private readonly TimeProvider _time;
    private readonly StateMetrics? _metrics;

    /// <summary>A store of one context.</summary>
    /// <param name="root">The folder; it is made when it is missing.</param>
    /// <param name="context">World and domain whose snapshots these are.</param>
    /// <param name="time">The clock.</param>
    /// <param name="keep">Snapshots of a plan that are kept; older ones are deleted.</param>
    /// <param name="metrics">Where to count; null counts nothing.</param>
    public SnapshotDirectory(string root, ComputeContext context, TimeProvider time, int keep = 3, StateMetrics? metrics = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        _root = Path.Combine(root, "world=" + Uri.EscapeDataString(context.WorldId), "execution_domain=" + context.Domain.ToToken());
        _keep = keep;
        _time = time;
        _metrics = metrics;
    }

    /// <summary>Keeps a snapshot, and deletes those of the same plan beyond the number to keep.</summary>
    public async Task SaveAsync(RunSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var started = _time.GetTimestamp();
        var folder = FolderOf(snapshot.Meta.PlanId);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, snapshot.Meta.Watermark.ToString("D20", CultureInfo.InvariantCulture) + Extension);
        var written = await WriteAsync(path, snapshot, cancellationToken).ConfigureAwait(false);
        foreach (var old in Newest(folder).Skip(_keep)) File.Delete(old);
        _metrics?.CountSnapshot(written, started);
    }

    /// <summary>Brings a run to its newest usable snapshot, passing over those that are damaged or do not fit.</summary>
    /// <param name="plan">The plan of the run.</param>
    /// <param name="run">A run that has not begun; it is left as it is when nothing can be used.</param>
    /// <param name="compat">What must agree.</param>
    /// <param name="notAfter">Only snapshots up to this bar, nanoseconds UTC.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Hydration> HydrateAsync(ComputePlan plan, PlanRun run, RuntimeCompat compat, long notAfter = long.MaxValue, CancellationToken cancellationToken = default)
    {
        var refused = new List<RefusalException>();
        foreach (var path in Newest(FolderOf(RunSnapshot.PlanIdOf(plan))))
        {
            if (!long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var watermark) || watermark > notAfter) continue;
            try
            {
                var snapshot = await ReadAsync(path, cancellationToken).ConfigureAwait(false);
                snapshot.Hydrate(plan, run, compat);
                _metrics?.CountHydration(success: true);
                return new Hydration(snapshot.Meta.Watermark, refused);
            }
            catch (RefusalException refusal)
            {
                refused.Add(refusal);
            }
        }

        _metrics?.CountHydration(success: false);
        return new Hydration(null, refused);
    }

    private static async Task<int> WriteAsync(string path, RunSnapshot snapshot, CancellationToken cancellationToken)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            int written;
            var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            await using (file.ConfigureAwait(false))
            {
                written = await SnapshotFile.WriteAsync(file, snapshot, cancellationToken).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            return written;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static async Task<RunSnapshot> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous);
        await using (file.ConfigureAwait(false)) return await SnapshotFile.ReadAsync(file, cancellationToken).ConfigureAwait(false);
    }

    // Watermarks have a fixed number of digits, so names sort like times.
    private static IEnumerable<string> Newest(string folder) =>
        Directory.Exists(folder) ? Directory.GetFiles(folder, "*" + Extension).OrderDescending(StringComparer.Ordinal) : [];

    private string FolderOf(string planId) => Path.Combine(_root, planId[(planId.IndexOf(':', StringComparison.Ordinal) + 1)..]);
}
