using System.Diagnostics.Metrics;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Counts who is not let in.</summary>
internal sealed class AuthMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _failures;

    public AuthMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Qmtl.ServiceDefaults");
        _failures = _meter.CreateCounter<long>("auth_failures_total", description: "Requests of callers who could not be identified, by reason");
    }

    public void Refused(RefusalException refusal) =>
        _failures.Add(1, new KeyValuePair<string, object?>("reason", refusal.Metadata.TryGetValue(AuthRefusals.Failure, out var failure) ? failure : refusal.Code.Code));

    public void Dispose() => _meter.Dispose();
}
