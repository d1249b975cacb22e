using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.Net.Http.Headers;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Finds out who asks. Endpoints open to everyone, which check credentials of their own, may call it themselves.</summary>
public interface ICallerAuthenticator
{
    /// <summary>Who makes a request.</summary>
    /// <exception cref="RefusalException"><c>E_AUTH</c>: nobody who is known; <c>E_UNAVAILABLE</c>: the identity provider cannot be asked.</exception>
    Task<CallerIdentity> IdentifyAsync(HttpContext http);
}

/// <summary>By a service token, else a user's token, else by being on this machine.</summary>
internal sealed class CallerAuthenticator(AuthOptions options, AuthMode mode, ServiceCredentials services) : ICallerAuthenticator
{
    private static readonly string[] Forwarding = ["Forwarded", "X-Forwarded-For", "X-Real-IP"];

    public async Task<CallerIdentity> IdentifyAsync(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        if (http.Request.Headers.TryGetValue(ServiceCredentials.Header, out var credential) && services.Exist) return await FromServiceAsync(http, credential.ToString()).ConfigureAwait(false);
        return mode == AuthMode.Token ? await FromTokenAsync(http).ConfigureAwait(false) : FromHere(http);
    }

    private async Task<CallerIdentity> FromServiceAsync(HttpContext http, string credential)
    {
        var service = await services.VerifyAsync(credential).ConfigureAwait(false);
        var named = IdentityHeaders.Read(http.Request.Headers, service);
        if (named is null) return new CallerIdentity(CallerKind.Service, CallerIdentity.ServicePrefix + service, ServiceGrants.Of(service), service);
        return ServiceGrants.MayVouch(service) ? named : throw new RefusalException(ReasonCodes.PermissionDenied, $"The service {service} may not act for others.");
    }

    private async Task<CallerIdentity> FromTokenAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization.Count == 0) throw AuthRefusals.Missing();
        var result = await http.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme).ConfigureAwait(false);
        if (result.Failure is ProviderUnavailableException unavailable) throw new RefusalException(ReasonCodes.Unavailable, unavailable.Message, errors: null, metadata: null, unavailable);
        if (result.Failure is { } failure) throw TokenFailures.Explain(failure, "The token");
        if (result.Principal is not { } principal) throw AuthRefusals.Missing();
        var subject = principal.FindFirst(JwtRegisteredClaimNames.Sub)?.Value ?? "";
        if (!CallerIdentity.IsUserName(subject)) throw AuthRefusals.Of(ReasonCodes.TokenInvalid, "subject", "The token names nobody who may call (sub).");
        return new CallerIdentity(CallerKind.User, subject, RoleClaims.Read(principal, options.RolesClaim));
    }

    private static CallerIdentity FromHere(HttpContext http)
    {
        if (!IsHere(http))
        {
            throw AuthRefusals.Of(
                ReasonCodes.Auth,
                "not_local",
                $"Without an identity provider only programs on the same machine are served. Set {AuthOptions.Section}:Authority, {AuthOptions.Section}:Audience and {AuthOptions.Section}:ServiceKey to serve others.");
        }

        return CallerIdentity.Local;
    }

    /// <summary>A proxy on this machine and a page of another site in a browser on it both call from here, for somebody who is not.</summary>
    private static bool IsHere(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is { } address && !IPAddress.IsLoopback(address)) return false;
        var headers = http.Request.Headers;
        if (Array.Exists(Forwarding, headers.ContainsKey)) return false;
        var origin = headers[HeaderNames.Origin].ToString();
        return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var site) && AuthOptions.IsLoopback(site));
    }
}
