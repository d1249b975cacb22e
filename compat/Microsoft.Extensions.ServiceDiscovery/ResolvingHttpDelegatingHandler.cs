namespace Microsoft.Extensions.ServiceDiscovery.Http;

internal sealed class ResolvingHttpDelegatingHandler(ServiceEndpoints endpoints) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri;
        if (address is not null) request.RequestUri = endpoints.Resolve(address);
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // A retry above this handler resolves anew, to the next address.
            request.RequestUri = address;
        }
    }
}
