using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Redis;
using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>Adds Redis.</summary>
public static class RedisBuilderExtensions
{
    private const string Registry = "docker.io";
    private const string Image = "library/redis";
    private const string Tag = "8.6";
    private const int ServerPort = 6379;
    private const string DataFolder = "/data";

    /// <summary>Adds a server: published as its image, run from the binary installed here. A password is made up when none is given.</summary>
    public static IResourceBuilder<RedisResource> AddRedis(
        this IDistributedApplicationBuilder builder, string name, int? port = null, IResourceBuilder<ParameterResource>? password = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);

        // Commas separate the parts of a Redis connection string, so a generated password has no special characters.
        var secret = password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false);
        var redis = new RedisResource(name, secret);
        var check = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(check, _ => new RedisHealthCheck(redis), failureStatus: null, tags: null));
        return builder.AddResource(redis)
            .WithEndpoint(port: port, targetPort: ServerPort, name: RedisResource.PrimaryEndpointName, scheme: RedisResource.UriScheme)
            .WithImage(Image, Tag)
            .WithImageRegistry(Registry)
            .WithEntrypoint("/bin/sh")
            .WithEnvironment(context => context.EnvironmentVariables["REDIS_PASSWORD"] = secret)
            .WithArgs(context => AddContainerArguments(redis, context.Args))
            .WithAnnotation(new LocalServerAnnotation(new LocalRedis(redis)))
            .WithHealthCheck(check);
    }

    /// <summary>Adds a server on a port.</summary>
    public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, string name, int? port) =>
        builder.AddRedis(name, port, password: null);

    /// <summary>Keeps the data when the application ends.</summary>
    public static IResourceBuilder<RedisResource> WithDataVolume(this IResourceBuilder<RedisResource> builder, string? name = null, bool isReadOnly = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.WithVolume(name ?? builder.VolumeName("data"), DataFolder, isReadOnly);
        return isReadOnly ? builder : builder.WithPersistence();
    }

    /// <summary>Writes the data to disk in intervals, if enough keys have changed.</summary>
    public static IResourceBuilder<RedisResource> WithPersistence(this IResourceBuilder<RedisResource> builder, TimeSpan? interval = null, long keysChangedThreshold = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithAnnotation(new PersistenceAnnotation(interval, keysChangedThreshold), ResourceAnnotationMutationBehavior.Replace);
    }

    /// <summary>Fixes the port that clients connect to.</summary>
    public static IResourceBuilder<RedisResource> WithHostPort(this IResourceBuilder<RedisResource> builder, int? port)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithEndpoint(RedisResource.PrimaryEndpointName, endpoint => endpoint.Port = port);
    }

    /// <remarks>One string for a shell, so that the password stays a variable of the container.</remarks>
    private static void AddContainerArguments(RedisResource redis, IList<object> arguments)
    {
        var command = "redis-server --requirepass $REDIS_PASSWORD";
        if (redis.TryGetLastAnnotation<PersistenceAnnotation>(out var persistence))
        {
            command += string.Create(CultureInfo.InvariantCulture, $" --save {persistence.Seconds} {persistence.KeysChangedThreshold}");
        }

        arguments.Add("-c");
        arguments.Add(command);
    }
}
