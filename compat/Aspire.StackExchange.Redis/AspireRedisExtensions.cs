using Aspire.StackExchange.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

public static class AspireRedisExtensions
{
    private const string Section = "Aspire:StackExchange:Redis";

    /// <summary>Registers <see cref="IConnectionMultiplexer"/> for the connection string <paramref name="connectionName"/>.</summary>
    public static void AddRedisClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, connectionName, serviceKey: null, configureSettings, configureOptions);

    /// <summary>The same under the key <paramref name="name"/>.</summary>
    public static void AddKeyedRedisClient(
        this IHostApplicationBuilder builder,
        string name,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, name, serviceKey: name, configureSettings, configureOptions);

    private static void Add(
        IHostApplicationBuilder builder, string connectionName, string? serviceKey, Action<StackExchangeRedisSettings>? configureSettings, Action<ConfigurationOptions>? configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var settings = new StackExchangeRedisSettings();
        var section = builder.Configuration.GetSection(Section);
        section.Bind(settings);
        section.GetSection(connectionName).Bind(settings);
        if (builder.Configuration.GetConnectionString(connectionName) is { } connectionString) settings.ConnectionString = connectionString;
        configureSettings?.Invoke(settings);

        builder.Services.AddKeyedSingleton<IConnectionMultiplexer>(serviceKey, (_, _) => ConnectionMultiplexer.Connect(Options(settings, connectionName, configureOptions)));
        if (!settings.DisableAutoActivation)
        {
            builder.Services.AddHostedService(services => new Activation(() => services.GetRequiredKeyedService<IConnectionMultiplexer>(serviceKey)));
        }

        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                serviceKey is null ? "StackExchange.Redis" : $"StackExchange.Redis_{connectionName}",
                services => new RedisHealthCheck(() => services.GetRequiredKeyedService<IConnectionMultiplexer>(serviceKey)),
                failureStatus: null,
                tags: null));
        }
    }

    private static ConfigurationOptions Options(StackExchangeRedisSettings settings, string connectionName, Action<ConfigurationOptions>? configure)
    {
        var options = string.IsNullOrWhiteSpace(settings.ConnectionString) ? new ConfigurationOptions() : ConfigurationOptions.Parse(settings.ConnectionString);

        // A cache that is not up yet must not stop the process that uses it, unless the connection string insists.
        if (settings.ConnectionString?.Contains("abortConnect", StringComparison.OrdinalIgnoreCase) != true) options.AbortOnConnectFail = false;
        configure?.Invoke(options);
        return options.EndPoints.Count > 0
            ? options
            : throw new InvalidOperationException($"No endpoints specified. Ensure a valid connection string was provided in 'ConnectionStrings:{connectionName}' or for the '{Section}:ConnectionString' configuration key.");
    }

    private sealed class Activation(Func<IConnectionMultiplexer> connect) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.Run(connect, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
