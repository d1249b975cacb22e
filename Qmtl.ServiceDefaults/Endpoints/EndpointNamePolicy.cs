using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.Extensions.Hosting;

namespace Qmtl.ServiceDefaults.Endpoints;

internal sealed record EndpointNameRequirement(IReadOnlyList<string> Names);

/// <summary>Leaves out routes that belong to another endpoint than the request came in by.</summary>
internal sealed class EndpointNamePolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    public override int Order => -100;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        endpoints.Any(static endpoint => endpoint.Metadata.GetMetadata<EndpointNameRequirement>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        var name = httpContext.QmtlEndpoint();
        for (var i = 0; i < candidates.Count; i++)
        {
            // A process without named endpoints (a test host) serves everything in one place.
            if (name is not null && candidates[i].Endpoint.Metadata.GetMetadata<EndpointNameRequirement>() is { } required && !required.Names.Contains(name, StringComparer.Ordinal))
            {
                candidates.SetValidity(i, value: false);
            }
        }

        return Task.CompletedTask;
    }
}
