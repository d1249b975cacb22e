using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>What is known of a world's decision.</summary>
/// <param name="Decision">The decision; null when WorldService could not be asked and nothing is remembered.</param>
/// <param name="IsStale">Whether it is older than it may be.</param>
internal readonly record struct DecisionReading(DecisionEnvelope? Decision, bool IsStale);

/// <summary>Answers with a world's decision, remembered as long as the decision allows.</summary>
internal interface IDecisionSource
{
    /// <summary>Reads the decision of a world.</summary>
    /// <exception cref="Qmtl.Identity.RefusalException">The world does not exist.</exception>
    Task<DecisionReading> ReadAsync(string worldId, CancellationToken cancellation);
}
