using Grpc.Core;

namespace Grpc.Net.Client.Configuration;

/// <summary>How a channel treats its calls.</summary>
public sealed class ServiceConfig
{
    public IList<MethodConfig> MethodConfigs { get; } = [];
}

/// <summary>How calls of some methods are treated.</summary>
public sealed class MethodConfig
{
    public IList<MethodName> Names { get; } = [];

    public RetryPolicy? RetryPolicy { get; set; }
}

/// <summary>A method, all methods of a service (no method given), or all there are (neither given).</summary>
public sealed class MethodName
{
    public static readonly MethodName Default = new();

    public string? Service { get; set; }

    public string? Method { get; set; }
}

/// <summary>When and how a failed call is tried again. Only calls that got no answer yet are.</summary>
public sealed class RetryPolicy
{
    /// <summary>All attempts, the first included; at least 2.</summary>
    public int? MaxAttempts { get; set; }

    public TimeSpan? InitialBackoff { get; set; }

    public TimeSpan? MaxBackoff { get; set; }

    public double? BackoffMultiplier { get; set; }

    public IList<StatusCode> RetryableStatusCodes { get; } = [];
}
