using System.Net.Mime;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Qmtl.Dashboard.Live;

namespace Qmtl.Dashboard;

/// <summary>The built-in dashboard, hosted by its own process or beside the services in one.</summary>
public static class DashboardExtensions
{
    private const string UpdateEvent = "section";

    /// <summary>Adds what the page needs. The Gateway is found by service discovery as <c>gateway</c>.</summary>
    public static TBuilder AddDashboard<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddHttpClient<GatewayReader>(client =>
        {
            client.BaseAddress = new Uri(builder.Configuration["Dashboard:Gateway"] ?? "http://gateway");
            // The event stream stays open; single reads carry a time limit of their own.
            client.Timeout = Timeout.InfiniteTimeSpan;
        }).AddServiceToken("dashboard");
        builder.AddQmtlAuthentication();
        builder.Services.AddQmtlRpc();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<DashboardState>();
        builder.Services.AddSingleton<EventTail>();
        builder.Services.AddSingleton<SectionRenderer>();
        builder.Services.AddHostedService<DashboardFeed>();
        return builder;
    }

    /// <summary>Maps the page, its assets and its live stream.</summary>
    public static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/", PageAsync);
        endpoints.MapGet("/live", Live);
        // The page works while the Gateway does not, and says so: this is about the page.
        endpoints.MapGet("/health", (DashboardState state) => TypedResults.Ok(new { status = "ok", gateway = state.View.Gateway.Status })).AllowAnonymous();
        endpoints.MapGet("/dashboard.css", () => Asset("dashboard.css", MediaTypeNames.Text.Css));
        endpoints.MapGet("/dashboard.js", () => Asset("dashboard.js", MediaTypeNames.Text.JavaScript));
        return endpoints;
    }

    private static async Task<ContentHttpResult> PageAsync(DashboardState state, SectionRenderer renderer, HttpResponse response)
    {
        // Whatever a world is called, nothing but this page's own script runs in it.
        response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        return TypedResults.Content(await renderer.PageAsync(state.View), MediaTypeNames.Text.Html, Encoding.UTF8);
    }

    private static ServerSentEventsResult<string> Live(DashboardState state, IHostApplicationLifetime lifetime, CancellationToken cancellation)
    {
        return TypedResults.ServerSentEvents(Updates(), UpdateEvent);

        async IAsyncEnumerable<string> Updates()
        {
            // An open page must not hold up the end of the process; the browser comes back by itself.
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
            await foreach (var update in state.FollowAsync(ended.Token))
            {
                yield return JsonSerializer.Serialize(new { id = update.Id, html = update.Html });
            }
        }
    }

    private static FileStreamHttpResult Asset(string name, string type) =>
        TypedResults.Stream(Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!, type);
}
