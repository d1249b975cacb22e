namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Shows a service's token with every HTTP call.</summary>
internal sealed class ServiceTokenHandler(ServiceCredentials credentials, string service) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (credentials.Issue(service) is { } token) request.Headers.TryAddWithoutValidation(ServiceCredentials.Header, token);
        return base.SendAsync(request, cancellationToken);
    }
}
