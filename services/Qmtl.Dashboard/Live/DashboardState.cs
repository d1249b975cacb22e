using System.Threading.Channels;
using Qmtl.Dashboard.Views;

namespace Qmtl.Dashboard.Live;

/// <summary>A section of the page that changed.</summary>
internal sealed record SectionUpdate(string Id, string Html);

/// <summary>The latest view and the browsers that follow it.</summary>
/// <remarks>A browser that does not keep up loses updates, never memory: each update carries a whole section.</remarks>
internal sealed class DashboardState(TimeProvider time)
{
    private const int PendingPerBrowser = 16;
    private readonly Lock _gate = new();
    private readonly List<Channel<SectionUpdate>> _browsers = [];
    private IReadOnlyDictionary<string, string> _sections = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The view the sections were rendered from.</summary>
    public DashboardView View { get; private set; } = DashboardView.Empty(time.GetUtcNow());

    /// <summary>Browsers that follow now.</summary>
    public int Followers
    {
        get
        {
            lock (_gate) return _browsers.Count;
        }
    }

    /// <summary>Takes a new view and sends browsers the sections that differ.</summary>
    public void Publish(DashboardView view, IReadOnlyDictionary<string, string> sections)
    {
        lock (_gate)
        {
            View = view;
            foreach (var (id, html) in sections)
            {
                if (_sections.TryGetValue(id, out var old) && string.Equals(old, html, StringComparison.Ordinal)) continue;
                foreach (var browser in _browsers) browser.Writer.TryWrite(new SectionUpdate(id, html));
            }

            _sections = sections;
        }
    }

    /// <summary>Every section as it stands, then each change, until cancelled.</summary>
    public async IAsyncEnumerable<SectionUpdate> FollowAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<SectionUpdate>(new BoundedChannelOptions(PendingPerBrowser) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_gate)
        {
            foreach (var (id, html) in _sections) channel.Writer.TryWrite(new SectionUpdate(id, html));
            _browsers.Add(channel);
        }

        try
        {
            await foreach (var update in channel.Reader.ReadAllAsync(cancellation)) yield return update;
        }
        finally
        {
            lock (_gate) _browsers.Remove(channel);
        }
    }
}
