using System.Diagnostics.Metrics;
using Qmtl.Identity;

namespace Qmtl.Gateway.Tokens;

/// <summary>What is measured of tokens.</summary>
internal sealed class TokenMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _issued;
    private readonly Counter<long> _refused;

    public TokenMetrics()
    {
        _issued = _meter.CreateCounter<long>("gateway_tokens_issued_total", description: "Tokens given out, by audience.");
        _refused = _meter.CreateCounter<long>("gateway_tokens_refused_total", description: "Tokens refused, by audience and reason code.");
    }

    public void Issued(string audience) => _issued.Add(1, new KeyValuePair<string, object?>("audience", audience));

    public void Refused(string audience, ReasonCode code) => _refused.Add(1, new("audience", audience), new("reason", code.Code));

    public void Dispose() => _meter.Dispose();
}
