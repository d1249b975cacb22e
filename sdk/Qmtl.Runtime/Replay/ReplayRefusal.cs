using System.Globalization;
using Qmtl.Data;
using Qmtl.Identity;

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

    public static RefusalException NoTarget(string strategy) => new(
        ReasonCodes.StrategyInvalid, $"{strategy} has no position target, so there is nothing to trade; call Target in its Build.");
}
