using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Publishing;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder _host;

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        AppHostDirectory = Path.GetFullPath(options.ProjectDirectory!);
        AppHostAssembly = options.Assembly;
        _host = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = options.Args,
            ContentRootPath = AppHostDirectory,
            ApplicationName = AppHostAssembly?.GetName().Name,
        });
        ExecutionContext = ReadOperation(_host.Configuration);
        NameVolumes();
        Services.AddSingleton(options);
        AddServices();
    }

    public ConfigurationManager Configuration => _host.Configuration;

    public string AppHostDirectory { get; }

    public Assembly? AppHostAssembly { get; }

    public IHostEnvironment Environment => _host.Environment;

    public IServiceCollection Services => _host.Services;

    public DistributedApplicationExecutionContext ExecutionContext { get; }

    public IResourceCollection Resources { get; } = new ResourceCollection();

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (Resources.FirstOrDefault(r => string.Equals(r.Name, resource.Name, StringComparison.OrdinalIgnoreCase)) is { } taken)
        {
            throw new DistributedApplicationException(
                $"Cannot add resource of type '{resource.GetType()}' with name '{resource.Name}' because a resource of type '{taken.GetType()}' has that name already. Resource names are case-insensitive.");
        }

        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new DistributedApplicationResourceBuilder<T>(this, resource);

    public DistributedApplication Build() => new(_host.Build());

    private static DistributedApplicationExecutionContext ReadOperation(IConfiguration configuration)
    {
        var publisher = configuration["publisher"];
        var operation = configuration["operation"] ?? (publisher is null ? "run" : "publish");
        return operation.ToUpperInvariant() switch
        {
            "RUN" => new DistributedApplicationExecutionContext(DistributedApplicationOperation.Run),
            "PUBLISH" => new DistributedApplicationExecutionContext(DistributedApplicationOperation.Publish, publisher ?? "manifest"),
            _ => throw new DistributedApplicationException($"--operation is 'run' or 'publish', not '{operation}'."),
        };
    }

    /// <remarks>A published name must not depend on where the tree is checked out; a local one must.</remarks>
    private void NameVolumes()
    {
        var source = ExecutionContext.IsPublishMode ? Environment.ApplicationName : Path.Combine(AppHostDirectory, Environment.ApplicationName);
        Configuration["AppHost:Sha256"] ??= Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)));
        Configuration["AppHost:Directory"] = AppHostDirectory;
    }

    private void AddServices()
    {
        _host.Logging.ClearProviders();
        _host.Logging.AddSimpleConsole(console => console.SingleLine = true);
        _host.Logging.AddFilter("Microsoft", LogLevel.Warning);
        _host.Logging.AddFilter("System", LogLevel.Warning);
        // An unhealthy resource is reported once, by its name; the check service would say it at every poll.
        _host.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);

        // What keeps the application from starting is thrown to who starts it; the host would print it as well, with its stack.
        _host.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);

        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(new DistributedApplicationModel(Resources));
        Services.AddSingleton<ResourceNotificationService>();
        Services.AddHealthChecks();
        Services.AddHttpClient();
        Services.TryAddSingleton(TimeProvider.System);
        if (ExecutionContext.IsPublishMode)
        {
            Services.AddHostedService<ManifestPublisher>();
            return;
        }

        Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(1));
        Services.TryAddSingleton(ResourceConsole.OnStandardOutput);
        Services.AddSingleton<DataFolders>();
        Services.AddSingleton<TelemetryReceiver>();
        Services.AddSingleton<ResourceLauncher>();
        Services.AddHostedService<ApplicationRunner>();
    }
}

internal sealed class DistributedApplicationResourceBuilder<T>(IDistributedApplicationBuilder builder, T resource) : IResourceBuilder<T>
    where T : IResource
{
    public IDistributedApplicationBuilder ApplicationBuilder { get; } = builder;

    public T Resource { get; } = resource;

    public IResourceBuilder<T> WithAnnotation<TAnnotation>(TAnnotation annotation, ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation
    {
        ArgumentNullException.ThrowIfNull(annotation);
        if (behavior is ResourceAnnotationMutationBehavior.Replace)
        {
            foreach (var old in Resource.Annotations.OfType<TAnnotation>().ToArray()) Resource.Annotations.Remove(old);
        }

        Resource.Annotations.Add(annotation);
        return this;
    }
}
