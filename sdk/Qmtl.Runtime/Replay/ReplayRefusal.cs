using System.Globalization;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>The refusals of a replay.</summary>
internal static class ReplayRefusal
{
    public static RefusalException Weight(double weight, long time) => new(
        ReasonCodes.StrategyInvalid,
        $"The target at {BarTime.Format(time)} must be within +-9.2e6 times equity, was {weight.ToString(CultureInfo.InvariantCulture)}.");

    public static RefusalException Price(string instrument, string column, double price, long time) => new(
        ReasonCodes.DataInvalid,
        $"The {column} of {instrument} at {BarTime.Format(time)} must be above 0 and at most 9.2e10, was {price.ToString(CultureInfo.InvariantCulture)}.");

    public static RefusalException NoTarget(StrategyGraph graph) => new(
        ReasonCodes.StrategyInvalid,
        $"{graph.Name} has no position target, so there is nothing to trade; call Target in its Build{(graph.Outputs.Count == 0 ? "" : ", or keep what it outputs: qmtl backtest with --outputs FILE")}.");

    public static RefusalException NoOutput(string strategy) => new(
        ReasonCodes.StrategyInvalid, $"{strategy} outputs nothing, so there is nothing to keep; call Output in its Build.");
}
