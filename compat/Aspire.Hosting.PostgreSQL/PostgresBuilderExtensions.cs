using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Postgres;
using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>Adds Postgres.</summary>
public static class PostgresBuilderExtensions
{
    private const string Registry = "docker.io";
    private const string Image = "library/postgres";
    private const string Tag = "18.3";
    private const int ServerPort = 5432;

    // From version 18 on the image keeps its data below this folder.
    private const string DataFolder = "/var/lib/postgresql";

    /// <summary>Adds a server: published as its image, run from the binaries installed here.</summary>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder,
        string name,
        IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null,
        int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var secret = password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password");
        var server = new PostgresServerResource(name, userName?.Resource, secret);
        var check = $"{name}_check";
        AddCheck(builder, check, token => MaintenanceConnectionAsync(server, token));
        return builder.AddResource(server)
            .WithEndpoint(port: port, targetPort: ServerPort, name: PostgresServerResource.PrimaryEndpointName)
            .WithImage(Image, Tag)
            .WithImageRegistry(Registry)
            .WithEnvironment("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256")
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --auth-local=scram-sha-256")
            .WithEnvironment(context =>
            {
                context.EnvironmentVariables["POSTGRES_USER"] = server.UserNameReference;
                context.EnvironmentVariables["POSTGRES_PASSWORD"] = server.PasswordParameter;
            })
            .WithAnnotation(new LocalServerAnnotation(new LocalPostgres(server)))
            .WithHealthCheck(check);
    }

    /// <summary>Adds a database, created when the server first starts.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var database = new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource);
        builder.Resource.AddDatabase(name, database.DatabaseName);
        var check = $"{name}_check";
        AddCheck(builder.ApplicationBuilder, check, token => database.ConnectionStringExpression.GetValueAsync(token));
        return builder.ApplicationBuilder.AddResource(database).WithHealthCheck(check);
    }

    /// <summary>Keeps the data when the application ends.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(
        this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? builder.VolumeName("data"), DataFolder, isReadOnly);
    }

    /// <summary>Fixes the port that clients connect to.</summary>
    public static IResourceBuilder<PostgresServerResource> WithHostPort(this IResourceBuilder<PostgresServerResource> builder, int? port)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithEndpoint(PostgresServerResource.PrimaryEndpointName, endpoint => endpoint.Port = port);
    }

    internal static async ValueTask<string?> MaintenanceConnectionAsync(PostgresServerResource server, CancellationToken cancellationToken) =>
        await server.GetConnectionStringAsync(cancellationToken).ConfigureAwait(false) + ";Database=postgres";

    private static void AddCheck(IDistributedApplicationBuilder builder, string name, Func<CancellationToken, ValueTask<string?>> connection) =>
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(name, _ => new PostgresHealthCheck(connection), failureStatus: null, tags: null));
}
