using Qmtl.Identity;

namespace Qmtl.Cli.Shell;

/// <summary>What a command's exit code says.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>A policy, a gate or an approval says no.</summary>
    public const int Refused = 3;

    public const int Interrupted = 130;

    private static readonly HashSet<string> Verdicts = new(StringComparer.Ordinal)
    {
        ReasonCodes.PermissionDenied.Code, ReasonCodes.LiveDisabled.Code, ReasonCodes.CircuitBreaker.Code, ReasonCodes.PromotionDisabled.Code,
        ReasonCodes.PromotionBlocked.Code, ReasonCodes.GateClosed.Code, ReasonCodes.StageTooLow.Code, ReasonCodes.CrossContext.Code, ReasonCodes.ApproverNotAllowed.Code, ReasonCodes.OrderActivationDisabled.Code, ReasonCodes.OrderActivationUnknown.Code,
        ReasonCodes.ShadowOrdersBlocked.Code, ReasonCodes.SharedAccountDisabled.Code, ReasonCodes.SharedAccountPolicy.Code,
    };

    /// <summary>The exit code of a refusal: a verdict over something well-formed is 3, anything else is a failure.</summary>
    public static int Of(ReasonCode code) => Of(code.Code);

    /// <inheritdoc cref="Of(ReasonCode)"/>
    public static int Of(string code) => Verdicts.Contains(code) ? Refused : Failed;
}
