using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Adds .NET projects.</summary>
public static class ProjectResourceBuilderExtensions
{
    /// <summary>Adds a project by path, relative to the AppHost's folder.</summary>
    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath) =>
        builder.AddProject(name, projectPath, _ => { });

    /// <summary>Adds a project by path with a launch profile; null for none.</summary>
    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath, string? launchProfileName) =>
        builder.AddProject(name, projectPath, options => Choose(options, launchProfileName));

    /// <summary>Adds a project by path.</summary>
    public static IResourceBuilder<ProjectResource> AddProject(
        this IDistributedApplicationBuilder builder, string name, string projectPath, Action<ProjectResourceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(projectPath);
        var local = projectPath.Replace('\\', Path.DirectorySeparatorChar);
        return builder.Add(name, new ProjectMetadata(Path.GetFullPath(Path.Combine(builder.AppHostDirectory, local))), configure);
    }

    /// <summary>Adds a project by the type that the build made for it.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, _ => { });

    /// <summary>Adds a project by the type that the build made for it, with a launch profile; null for none.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, options => Choose(options, launchProfileName));

    /// <summary>Adds a project by the type that the build made for it.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new() => builder.Add(name, new TProject(), configure);

    /// <summary>Starts several processes behind one address.</summary>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithAnnotation(new ReplicaAnnotation(replicas));
    }

    private static void Choose(ProjectResourceOptions options, string? launchProfileName)
    {
        options.ExcludeLaunchProfile = launchProfileName is null;
        options.LaunchProfileName = launchProfileName;
    }

    private static IResourceBuilder<ProjectResource> Add(
        this IDistributedApplicationBuilder builder, string name, IProjectMetadata metadata, Action<ProjectResourceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new ProjectResourceOptions();
        configure(options);

        var project = builder.AddResource(new ProjectResource(name))
            .WithAnnotation(metadata)
            .WithEnvironment("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "in_memory")
            .WithOtlpExporter();
        var profile = options.ExcludeLaunchProfile
            ? null
            : LaunchProfile.Find(metadata.ProjectPath, options.LaunchProfileName ?? builder.Configuration["AppHost:DefaultLaunchProfileName"]);
        if (profile is not null) project.WithAnnotation(new LaunchProfileAnnotation(profile.Name));
        return builder.ExecutionContext.IsPublishMode ? project.AsPublished(profile) : project.AsRun(profile);
    }

    private static IResourceBuilder<ProjectResource> AsRun(this IResourceBuilder<ProjectResource> project, LaunchProfile? profile)
    {
        project.WithEnvironment(context => ListenOn(context, project.Resource));
        if (profile is null) return project;
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var url in profile.Urls)
        {
            var count = seen[url.Scheme] = seen.GetValueOrDefault(url.Scheme) + 1;
            project.WithEndpoint(count == 1 ? url.Scheme : $"{url.Scheme}{count}", endpoint =>
            {
                endpoint.Port = url.Port == 0 ? null : url.Port;
                endpoint.TargetHost = url.Host;
                endpoint.UriScheme = url.Scheme;
            });
        }

        return project.WithEnvironment(context =>
        {
            context.EnvironmentVariables.TryAdd("DOTNET_LAUNCH_PROFILE", profile.Name);
            foreach (var (variable, value) in profile.EnvironmentVariables)
            {
                context.EnvironmentVariables.TryAdd(variable, Environment.ExpandEnvironmentVariables(value));
            }
        });
    }

    private static IResourceBuilder<ProjectResource> AsPublished(this IResourceBuilder<ProjectResource> project, LaunchProfile? profile)
    {
        EndpointAnnotation? defaultHttps = null;
        project.WithEnvironment(context =>
        {
            if (!project.Resource.GetEndpoints().Any()) return;
            context.EnvironmentVariables["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
            TellPorts(context, project.Resource, "HTTP_PORTS", "http", except: null);
            TellPorts(context, project.Resource, "HTTPS_PORTS", "https", except: defaultHttps);
        });

        // A project that has no address in its launch profile is not taken for a web project.
        if (profile?.ApplicationUrl is null) return project;
        project.WithHttpEndpoint().WithHttpsEndpoint();
        defaultHttps = project.GetEndpoint("https").EndpointAnnotation;
        return project;
    }

    private static void ListenOn(EnvironmentCallbackContext context, ProjectResource project)
    {
        const string Urls = "ASPNETCORE_URLS";
        if (context.EnvironmentVariables.ContainsKey(Urls)) return;
        var urls = new ReferenceExpressionBuilder();
        foreach (var endpoint in ToldByFramework(project))
        {
            if (!urls.IsEmpty) urls.AppendLiteral(";");
            if (endpoint.IsHttps) context.EnvironmentVariables.TryAdd("ASPNETCORE_HTTPS_PORT", endpoint.Property(EndpointProperty.Port));
            urls.Append($"{endpoint.Property(EndpointProperty.Scheme)}://{endpoint.EndpointAnnotation.TargetHost}:{endpoint.Property(EndpointProperty.TargetPort)}");
        }

        if (!urls.IsEmpty) context.EnvironmentVariables[Urls] = urls.Build();
    }

    private static void TellPorts(EnvironmentCallbackContext context, ProjectResource project, string variable, string scheme, EndpointAnnotation? except)
    {
        if (context.EnvironmentVariables.ContainsKey(variable)) return;
        var ports = new ReferenceExpressionBuilder();
        foreach (var endpoint in ToldByFramework(project).Where(e => e.Scheme == scheme && e.EndpointAnnotation != except))
        {
            if (!ports.IsEmpty) ports.AppendLiteral(";");
            ports.Append($"{endpoint.Property(EndpointProperty.TargetPort)}");
        }

        if (!ports.IsEmpty) context.EnvironmentVariables[variable] = ports.Build();
    }

    /// <summary>The endpoints that have no environment variable of their own.</summary>
    private static IEnumerable<EndpointReference> ToldByFramework(ProjectResource project) =>
        project.GetEndpoints().Where(e => e.EndpointAnnotation is { IsHttp: true, TargetPortEnvironmentVariable: null });
}
