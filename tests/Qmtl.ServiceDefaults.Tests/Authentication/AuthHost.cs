using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Testing;

namespace Qmtl.ServiceDefaults.Tests.Authentication;

/// <summary>A service that tells who called it, and with which headers.</summary>
internal sealed class AuthHost : IAsyncDisposable
{
    public const string Key = "a key that only tests know, 32 bytes";

    private readonly TestService _service;

    private AuthHost(TestService service)
    {
        _service = service;
        Http = new HttpClient { BaseAddress = service.Http };
    }

    public HttpClient Http { get; }

    public Uri Grpc => _service.Grpc;

    public ServiceCredentials Credentials => _service.Services.GetRequiredService<ServiceCredentials>();

    public static Dictionary<string, string?> Tokens(TestIssuer issuer) => new(StringComparer.Ordinal)
    {
        ["Auth:Authority"] = issuer.Address,
        ["Auth:Audience"] = "qmtl",
        ["Auth:ServiceKey"] = Key,
        ["Auth:KeyRefresh"] = "00:00:01",
    };

    public static async Task<AuthHost> StartAsync(Dictionary<string, string?> settings, TimeProvider? time = null) => new(await TestService.StartAsync(
        settings,
        builder =>
        {
            if (time is not null) builder.Services.AddSingleton(time);
            builder.AddQmtlAuthentication();
            builder.Services.AddQmtlRpc();
        },
        app =>
        {
            app.UseQmtlProblemDetails();
            app.UseQmtlAuthentication();
            app.MapGrpcService<Rpc.EchoService>().RequireQmtlEndpoint("grpc");
            app.MapGet("/who", (HttpContext http) => Tell(http));
            app.MapGet("/open", (HttpContext http) => Tell(http)).AllowAnonymous();
        }));

    public async Task<Rpc.Answer> GetAsync(string path, string? token = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request).Within(20);
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Rpc.Answer((int)response.StatusCode, all, await response.Content.ReadAsStringAsync().Within(20));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _service.DisposeAsync();
    }

    private static string Tell(HttpContext http)
    {
        var (caller, headers) = (http.Caller(), http.Request.Headers);
        var left = new[] { "x-caller-sub", "x-caller-claims", "x-world-roles", "x-service-token", "authorization" }.Where(headers.ContainsKey);
        return $"{caller.Kind} {caller.Subject} [{WorldGrant.Write(caller.Grants)}] via '{caller.Via}' headers [{string.Join(',', left)}]";
    }
}
