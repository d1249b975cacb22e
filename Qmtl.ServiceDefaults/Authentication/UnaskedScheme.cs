using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>
/// What ASP.NET looks for in every request by itself: nothing. <see cref="CallerMiddleware"/> asks for a token where there is something to protect;
/// elsewhere the Authorization header may have a use of its own, and is nobody's to judge.
/// </summary>
internal sealed class UnaskedScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "Unasked";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());
}
