using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Qmtl.ServiceDefaults.Authentication;

namespace Microsoft.Extensions.Hosting;

/// <summary>Who may call: the same rules for every service.</summary>
public static class AuthenticationExtensions
{
    /// <summary>Adds the check of callers by the settings <c>Auth:*</c>. Calling it again adds nothing twice, so services that share a process each call it.</summary>
    /// <exception cref="InvalidOperationException">The settings leave open who may call.</exception>
    public static TBuilder AddQmtlAuthentication<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(ICallerAuthenticator))) return builder;
        var options = builder.Configuration.GetSection(AuthOptions.Section).Get<AuthOptions>() ?? new AuthOptions();
        var mode = options.Decide(builder.Environment.EnvironmentName);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<AuthMetrics>();
        services.TryAddSingleton<ServiceCredentials>();
        services.AddSingleton<ICallerAuthenticator>(provider => new CallerAuthenticator(options, mode, provider.GetRequiredService<ServiceCredentials>()));
        if (mode != AuthMode.Token) return builder;
        services.AddAuthentication(UnaskedScheme.Name).AddScheme<AuthenticationSchemeOptions, UnaskedScheme>(UnaskedScheme.Name, configureOptions: null).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<TimeProvider>((bearer, time) => BearerTokens.Configure(bearer, options, time));
        return builder;
    }

    /// <summary>Lets only known callers past. After <c>UseQmtlProblemDetails</c>, before everything that is served.</summary>
    public static IApplicationBuilder UseQmtlAuthentication(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.UseMiddleware<CallerMiddleware>();
    }

    /// <summary>Shows the token of <paramref name="service"/> with every call of an HTTP client to other services.</summary>
    public static IHttpClientBuilder AddServiceToken(this IHttpClientBuilder client, string service)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.AddHttpMessageHandler(provider => new ServiceTokenHandler(provider.GetRequiredService<ServiceCredentials>(), service));
    }
}
