using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>What a gateway adds to the envelopes it hands on: where they let a strategy run. Never stored. Pure.</summary>
internal static class Augmentation
{
    /// <summary>A decision with its execution domain and context; one that is missing or stale falls back to compute-only.</summary>
    public static DecisionEnvelope Decision(string worldId, DecisionReading reading, DateTimeOffset now)
    {
        var copy = reading.Decision?.Clone() ?? new DecisionEnvelope
        {
            WorldId = worldId,
            Reason = DowngradeReason.DecisionUnavailable.ToToken(),
            AsOf = Timestamp.FromDateTimeOffset(now),
            Ttl = Duration.FromTimeSpan(TimeSpan.Zero),
        };
        if (reading.IsStale) copy.EffectiveMode = EffectiveMode.ComputeOnly.ToToken();
        var fallback = reading.IsStale ? reading.Decision is null ? DowngradeReason.DecisionUnavailable : DowngradeReason.StaleDecision : (DowngradeReason?)null;
        var context = Context(worldId, copy.EffectiveMode, AsOf(copy.DatasetFingerprint, copy.AsOf), copy.DatasetFingerprint, fallback);
        copy.ExecutionDomain = context.ExecutionDomain;
        copy.ComputeContext = context;
        return copy;
    }

    /// <summary>An activation with its execution domain and context, pinned to the data that the strategy stands on.</summary>
    public static ActivationEnvelope Activation(ActivationEnvelope envelope, bool isStale)
    {
        var copy = envelope.Clone();
        var context = Context(copy.WorldId, copy.EffectiveMode, AsOf(copy.DatasetFingerprint, copy.AsOf), copy.DatasetFingerprint, isStale ? DowngradeReason.DecisionUnavailable : null);
        copy.ExecutionDomain = context.ExecutionDomain;
        copy.ComputeContext = context;
        return copy;
    }

    /// <summary>What stands for an activation that cannot be read: inactive.</summary>
    public static ActivationEnvelope Unavailable(string worldId, string strategyId, string side, DateTimeOffset now) => Activation(
        new ActivationEnvelope
        {
            WorldId = worldId,
            StrategyId = strategyId,
            Side = side,
            Active = false,
            Weight = 0,
            EffectiveMode = EffectiveMode.ComputeOnly.ToToken(),
            Ts = Timestamp.FromDateTimeOffset(now),
        },
        isStale: true);

    private static V1.ComputeContext Context(string worldId, string mode, string? asOf, string? fingerprint, DowngradeReason? fallback)
    {
        var domain = ExecutionModes.ParseMode(mode) is { } known ? ExecutionModes.Map(known).Domain : (ExecutionDomain?)null;
        var safe = fallback is { } reason ? SafeMode.Fallback(reason) : SafeMode.Evaluate(domain, asOf);
        return new V1.ComputeContext
        {
            WorldId = worldId,
            ExecutionDomain = safe.Domain.ToToken(),
            AsOf = asOf,
            DatasetFingerprint = fingerprint,
            Downgraded = safe.Downgraded,
            DowngradeReason = safe.Reason?.ToToken(),
            SafeMode = safe.IsSafeMode,
        };
    }

    // A time without data pins nothing.
    private static string? AsOf(string? fingerprint, Timestamp? asOf) => fingerprint is null ? null : asOf?.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
