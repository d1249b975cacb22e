using Qmtl.V1;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Policies.Calendars;

/// <summary>Which market's hours a world follows.</summary>
internal static class WorldCalendar
{
    /// <summary>
    /// By the asset class of the world's data. Data sets of several kinds of market, or none at all, give the calendar that never
    /// closes: then every minute of lag counts.
    /// </summary>
    public static TradingCalendar Of(WorldData? data)
    {
        TradingCalendar? calendar = null;
        foreach (var preset in data?.Presets ?? [])
        {
            var next = TradingCalendar.Of(preset.Universe?.AssetClass);
            if (calendar is not null && calendar != next) return TradingCalendar.Continuous;
            calendar = next;
        }

        return calendar ?? TradingCalendar.Continuous;
    }

    /// <summary>The hours of a world's market.</summary>
    public static TradingCalendar MarketOf(WorldRow world) => Of(Json.ReadOptional<WorldData>(world.Data));

    /// <summary>The hours that a policy counts lag by in a world: the clock, unless the policy asks for the exchange's calendar.</summary>
    public static TradingCalendar Of(WorldRow world, PolicyDocument? policy) => Asked(policy) ? MarketOf(world) : TradingCalendar.Continuous;

    /// <inheritdoc cref="Of(WorldRow, PolicyDocument?)"/>
    public static TradingCalendar For(PolicyDocument policy, TradingCalendar market) => Asked(policy) ? market : TradingCalendar.Continuous;

    private static bool Asked(PolicyDocument? policy) => policy?.DataCurrency?.FollowsCalendar == true;
}
