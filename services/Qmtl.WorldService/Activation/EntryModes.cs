using Qmtl.Identity;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Activation;

/// <summary>
/// In which mode an entry runs: the lowest of what the world permits, how far the strategy has come, and what an operator left it. Pure, and the only
/// place that says so: every entry's mode is this function of those three, so none can be live that was not promoted.
/// </summary>
internal static class EntryModes
{
    /// <summary>Decides.</summary>
    /// <param name="decided">What the world permits.</param>
    /// <param name="stage">The strategy's stage, a name of <see cref="StageNames"/>; any other counts as backtest.</param>
    /// <param name="limit">The operator's limit; null for none.</param>
    public static EffectiveMode Of(EffectiveMode decided, string stage, EffectiveMode? limit)
    {
        // Shadow sends no orders, so it needs no stage; a limit below it still holds.
        if (decided == EffectiveMode.Shadow) return limit is EffectiveMode.Validate or EffectiveMode.ComputeOnly ? limit.Value : EffectiveMode.Shadow;
        var ceiling = Lower(decided, Highest(stage));
        return limit switch
        {
            null => ceiling,
            EffectiveMode.Shadow => ceiling == EffectiveMode.Validate ? EffectiveMode.Validate : EffectiveMode.Shadow,
            _ => Lower(ceiling, limit.Value),
        };
    }

    /// <summary>The most that a stage allows.</summary>
    public static EffectiveMode Highest(string stage) => stage switch
    {
        StageNames.Live => EffectiveMode.Live,
        StageNames.Paper => EffectiveMode.Paper,
        _ => EffectiveMode.ComputeOnly,
    };

    private static EffectiveMode Lower(EffectiveMode one, EffectiveMode other) => Rank(one) <= Rank(other) ? one : other;

    private static int Rank(EffectiveMode mode) => mode switch
    {
        EffectiveMode.Live => 3,
        EffectiveMode.Paper => 2,
        EffectiveMode.ComputeOnly => 1,
        _ => 0,
    };
}
