using Google.Protobuf.WellKnownTypes;
using Qmtl.WorldService.Decisions;

namespace Qmtl.WorldService.Stages;

/// <summary>What keeps a strategy at its stage. Pure.</summary>
internal static class StageRules
{
    /// <summary>
    /// The strategies that lose the stage live and fall back to paper: those that left the active set, and all where the world does not allow live.
    /// To come back they have to be promoted again.
    /// </summary>
    public static IReadOnlyList<string> Demoted(DecisionInputs inputs)
    {
        string[] live = [.. inputs.Stages.Where(pair => pair.Value is StageNames.Live).Select(pair => pair.Key).Order(StringComparer.Ordinal)];
        return inputs.AllowLive ? [.. live.Except(inputs.Active, StringComparer.Ordinal)] : live;
    }

    /// <summary>A change of stage as the audit records it.</summary>
    public static Struct Describe(string strategyId, string from, string to, string reason) => new()
    {
        Fields =
        {
            ["strategy_id"] = Value.ForString(strategyId),
            ["from"] = Value.ForString(from),
            ["to"] = Value.ForString(to),
            ["reason"] = Value.ForString(reason),
        },
    };
}
