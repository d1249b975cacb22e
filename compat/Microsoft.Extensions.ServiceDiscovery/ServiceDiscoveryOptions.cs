namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>Which schemes a service may be reached by.</summary>
public sealed class ServiceDiscoveryOptions
{
    /// <summary>Any scheme that a request names is allowed. Default: true.</summary>
    public bool AllowAllSchemes { get; set; } = true;

    /// <summary>The allowed schemes where <see cref="AllowAllSchemes"/> is false.</summary>
    public IList<string> AllowedSchemes { get; set; } = new List<string>();

    /// <summary>The requested schemes that are allowed, in the order of the request.</summary>
    public IReadOnlyList<string> ApplyAllowedSchemes(IReadOnlyList<string> requestedSchemes)
    {
        ArgumentNullException.ThrowIfNull(requestedSchemes);
        if (requestedSchemes.Count == 0) return [.. AllowedSchemes];
        return AllowAllSchemes ? requestedSchemes : [.. requestedSchemes.Where(scheme => AllowedSchemes.Contains(scheme, StringComparer.OrdinalIgnoreCase))];
    }
}

/// <summary>Where the addresses of services stand in the configuration.</summary>
public sealed class ConfigurationServiceEndpointProviderOptions
{
    /// <summary>Section of the services. Default: <c>Services</c> (keys are not case-sensitive).</summary>
    public string SectionName { get; set; } = "Services";
}
