using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client.Configuration;

namespace Grpc.Net.Client.Internal;

/// <summary>A retry policy with everything in place.</summary>
internal sealed record Retry(int MaxAttempts, TimeSpan InitialBackoff, TimeSpan MaxBackoff, double Multiplier, IReadOnlySet<StatusCode> Codes)
{
    /// <summary>The wait after a failed attempt (the first is 1): random below an exponential bound, so that clients do not return in step.</summary>
    public TimeSpan BackoffAfter(int attempt, double random) =>
        Math.Min(InitialBackoff.TotalMilliseconds * Math.Pow(Multiplier, attempt - 1), MaxBackoff.TotalMilliseconds) * random is var wait
            ? TimeSpan.FromMilliseconds(wait)
            : default;
}

/// <summary>Finds the policy of a method: its own before its service's before the general one.</summary>
internal sealed class RetryPolicies
{
    private readonly ConcurrentDictionary<string, Retry?> _byMethod = new(StringComparer.Ordinal);
    private readonly List<(MethodName Name, Retry? Retry)> _configured = [];

    public RetryPolicies(ServiceConfig? config, int? maxAttempts)
    {
        foreach (var method in config?.MethodConfigs ?? [])
        {
            var retry = method.RetryPolicy is null ? null : Validated(method.RetryPolicy, maxAttempts);
            foreach (var name in method.Names) _configured.Add((name, retry));
        }
    }

    public Retry? For(IMethod method) => _configured.Count == 0 ? null : _byMethod.GetOrAdd(method.FullName, _ => Find(method));

    private Retry? Find(IMethod method) => _configured
        .Where(entry => string.IsNullOrEmpty(entry.Name.Service)
            || (entry.Name.Service == method.ServiceName && (string.IsNullOrEmpty(entry.Name.Method) || entry.Name.Method == method.Name)))
        .OrderByDescending(entry => (string.IsNullOrEmpty(entry.Name.Service) ? 0 : 1) + (string.IsNullOrEmpty(entry.Name.Method) ? 0 : 1))
        .Select(entry => entry.Retry)
        .FirstOrDefault();

    private static Retry Validated(RetryPolicy policy, int? maxAttempts)
    {
        if (policy.MaxAttempts is not { } attempts || attempts < 2) throw Invalid(nameof(policy.MaxAttempts), "must be 2 or more");
        if (policy.InitialBackoff is not { } initial || initial <= TimeSpan.Zero) throw Invalid(nameof(policy.InitialBackoff), "must be greater than zero");
        if (policy.MaxBackoff is not { } max || max <= TimeSpan.Zero) throw Invalid(nameof(policy.MaxBackoff), "must be greater than zero");
        if (policy.BackoffMultiplier is not { } multiplier || multiplier <= 0) throw Invalid(nameof(policy.BackoffMultiplier), "must be greater than zero");
        if (policy.RetryableStatusCodes.Count == 0) throw Invalid(nameof(policy.RetryableStatusCodes), "must name at least one code");
        return new Retry(Math.Min(attempts, maxAttempts ?? int.MaxValue), initial, max, multiplier, policy.RetryableStatusCodes.ToHashSet());
    }

    private static InvalidOperationException Invalid(string property, string rule) => new($"Retry policy property '{property}' {rule}.");
}
