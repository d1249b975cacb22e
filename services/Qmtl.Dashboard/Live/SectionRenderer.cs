using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Qmtl.Dashboard.Components;
using Qmtl.Dashboard.Views;

namespace Qmtl.Dashboard.Live;

/// <summary>Renders the page and its replaceable sections to HTML on the server.</summary>
internal sealed class SectionRenderer(IServiceProvider services, ILoggerFactory logging)
{
    /// <summary>The sections by element id, in page order.</summary>
    public async Task<IReadOnlyDictionary<string, string>> SectionsAsync(DashboardView view) => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["overview"] = await RenderAsync<Overview>(view),
        ["worlds"] = await RenderAsync<Worlds>(view),
        ["events"] = await RenderAsync<Events>(view),
    };

    /// <summary>The whole page.</summary>
    public Task<string> PageAsync(DashboardView view) => RenderAsync<Page>(view);

    private async Task<string> RenderAsync<TComponent>(DashboardView view)
        where TComponent : IComponent
    {
        await using var renderer = new HtmlRenderer(services, logging);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = ParameterView.FromDictionary(new Dictionary<string, object?>(StringComparer.Ordinal) { ["View"] = view });
            var root = await renderer.RenderComponentAsync<TComponent>(parameters);
            return root.ToHtmlString();
        });
    }
}
