using Qmtl.Messaging.Consuming;

namespace Qmtl.Gateway.Submissions;

/// <summary>What this gateway wrote into store and commit log a moment ago: nobody need look up whether it is there.</summary>
internal sealed class OwnSubmissions(TimeProvider time)
{
    private const int Kept = 20_000;
    private static readonly TimeSpan For = TimeSpan.FromMinutes(1);
    private readonly IdempotencyWindow _window = new(Kept, For, time);

    /// <summary>Remembers a submission whose transaction committed.</summary>
    public void Add(string strategyId) => _window.Remember(strategyId);

    /// <summary>Whether it is one of them.</summary>
    public bool Contains(string strategyId) => _window.Seen(strategyId);
}
