namespace Aspire.StackExchange.Redis;

/// <summary>Settings of the Redis client, sections <c>Aspire:StackExchange:Redis</c> and <c>Aspire:StackExchange:Redis:{name}</c>.</summary>
public sealed class StackExchangeRedisSettings
{
    public string? ConnectionString { get; set; }

    public bool DisableHealthChecks { get; set; }

    public bool DisableTracing { get; set; }

    /// <summary>Connects on first use instead of at start. Default: true.</summary>
    public bool DisableAutoActivation { get; set; } = true;
}
