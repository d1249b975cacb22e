using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>Calls with an effect on live venues say so in a header, so that nobody reaches one by mistake. Pure.</summary>
internal static class LiveGuard
{
    /// <summary>The header that says so.</summary>
    public const string Header = "X-Allow-Live";

    /// <summary>The same as gRPC metadata.</summary>
    public const string MetadataName = "x-allow-live";

    /// <summary>Rpcs that may reach a live venue, whatever their request says.</summary>
    public static IReadOnlyList<string> Guarded { get; } = ["Apply", "Rollback", "ApplyLive", "AutoApplyLive", "ApplyRebalance"];

    /// <summary>Whether an activation entry may let orders out to a live venue.</summary>
    /// <param name="request">The entry.</param>
    /// <param name="decision">What is known of its world: an entry without a mode of its own follows it.</param>
    public static bool MayGoLive(PutActivationRequest request, DecisionReading decision)
    {
        if (!request.Active) return false;
        if (request.EffectiveMode is { Length: > 0 } asked) return ExecutionModes.ParseMode(asked) is null or EffectiveMode.Live;
        // What is not known may be live.
        return decision.IsStale || decision.Decision is null || ExecutionModes.ParseMode(decision.Decision.EffectiveMode) is null or EffectiveMode.Live;
    }

    /// <summary>Refuses a call that does not say so.</summary>
    /// <exception cref="RefusalException">The header is missing or not "true".</exception>
    public static void Require(string? header)
    {
        if (!string.Equals(header, "true", StringComparison.OrdinalIgnoreCase))
            throw new RefusalException(ReasonCodes.PermissionDenied, $"This call may reach a live venue; say so with the header {Header}: true.");
    }
}
