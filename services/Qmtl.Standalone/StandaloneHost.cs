using System.Globalization;
using System.Security.Cryptography;
using Qmtl.Dashboard;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Endpoints;

namespace Qmtl.Standalone;

/// <summary>WorldService, DagManager, Gateway and the dashboard in one process.</summary>
internal static class StandaloneHost
{
    /// <summary>Name of the dashboard's endpoint; its port's key is <c>DASHBOARD_PORT</c>.</summary>
    public const string Dashboard = "dashboard";

    private const int DashboardPort = 8080;
    private const string KeySetting = $"{AuthOptions.Section}:{nameof(AuthOptions.ServiceKey)}";

    // Subscribers' streams end with the host; what then still runs is cut off rather than waited for.
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(3);

    /// <summary>Builds the host. Its ports are taken when this returns, so that its parts find each other from their first call on.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="settings">Settings that win over every other source.</param>
    /// <param name="configure">Last changes to the host.</param>
    /// <exception cref="PortTakenException">Somebody else listens on one of the ports.</exception>
    public static WebApplication Build(string[] args, IReadOnlyDictionary<string, string?>? settings = null, Action<WebApplicationBuilder>? configure = null)
    {
        // The folder of the program, not the one it was called from: a file there called appsettings.json is somebody else's.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = args,
            ApplicationName = typeof(StandaloneHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        if (settings is not null) builder.Configuration.AddInMemoryCollection(settings);
        var ports = TakenPorts.Take(builder.Configuration, (QmtlEndpointOptions.Http, 8000), (QmtlEndpointOptions.Grpc, 8001), (Dashboard, DashboardPort));
        try
        {
            builder.Configuration.AddInMemoryCollection(OwnAddresses(ports, builder.Configuration));
            builder.Configuration.AddInMemoryCollection(OwnKey(builder.Configuration));
            builder.WebHost.UseSockets(options => options.CreateBoundListenSocket = ports.SocketFor);
            builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownLimit);
            // The process also computes: how busy it is says nothing of its Gateway.
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["Gateway:Degradation:CountLoad"] = "false" });
            builder.AddServiceDefaults();
            builder.ConfigureQmtlEndpoints(options => options.AddHttp(Dashboard, DashboardPort));
            builder.AddWorldService();
            builder.AddDagManager();
            builder.AddGateway();
            builder.AddDashboard();
            builder.Services.AddHostedService<FirstCalls>();
            configure?.Invoke(builder);
            var app = builder.Build();
            Map(app);
            return app;
        }
        catch
        {
            ports.Dispose();
            throw;
        }
    }

    private static void Map(WebApplication app)
    {
        app.UseQmtlProblemDetails();
        app.UseQmtlAuthentication();
        app.MapDefaultEndpoints();
        // The Gateway serves the HTTP routes of the others; each of them still has its own rpcs.
        var services = app.MapGroup("").RequireQmtlEndpoint(QmtlEndpointOptions.Http, QmtlEndpointOptions.Grpc);
        services.MapWorldService();
        services.MapDagManager();
        services.MapGateway();
        app.MapGroup("").RequireQmtlEndpoint(Dashboard).MapDashboard();
    }

    /// <summary>Its parts vouch for callers to each other; where nobody else has to, with a key that nobody else knows.</summary>
    private static Dictionary<string, string?> OwnKey(ConfigurationManager configuration) => configuration[KeySetting] is { Length: > 0 }
        ? []
        : new(StringComparer.Ordinal) { [KeySetting] = Convert.ToHexString(RandomNumberGenerator.GetBytes(AuthOptions.SmallestKey)) };

    /// <summary>The names by which the services find each other: this process, unless the configuration names another.</summary>
    private static Dictionary<string, string?> OwnAddresses(TakenPorts ports, ConfigurationManager configuration)
    {
        var own = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var service in new[] { "worldservice", "dagmanager", "gateway" })
        {
            own[$"services:{service}:http:0"] = ports.Address(QmtlEndpointOptions.Http);
            own[$"services:{service}:grpc:0"] = ports.Address(QmtlEndpointOptions.Grpc);
        }

        foreach (var key in own.Keys.Where(key => configuration[key] is { Length: > 0 }).ToArray()) own.Remove(key);
        foreach (var (name, port) in ports.Numbers) own[$"{name.ToUpperInvariant()}_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        return own;
    }
}
