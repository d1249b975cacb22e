using System.Globalization;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>Figures of an account over all worlds, in account currency.</summary>
/// <param name="Gross">Sum of |position|.</param>
/// <param name="Net">Sum of positions.</param>
internal readonly record struct Exposure(double Gross, double Net);

/// <summary>Whether netted orders fit the account that worlds share. Pure.</summary>
internal static class SharedAccount
{
    /// <summary>Refuses orders that would break a limit of the account.</summary>
    /// <exception cref="RefusalException"><c>E_SHARED_ACCOUNT_DISABLED</c> or <c>E_SHARED_ACCOUNT_POLICY</c> with the figures.</exception>
    public static void Check(MultiWorldRebalanceRequest request, Translation net, SharedAccountPolicy policy)
    {
        if (!policy.Enabled) throw new RefusalException(ReasonCodes.SharedAccountDisabled, $"Orders are not netted over worlds here; the operator switches that on with {RebalanceOptions.Section}:SharedAccount:Enabled.");
        var unmarked = net.Violations.Where(violation => violation.Code == Violations.MissingMark).Select(violation => violation.Symbol)
            .Concat(request.Positions.Where(position => !(position.Mark > 0)).Select(position => position.Symbol)).Distinct(StringComparer.Ordinal).ToArray();
        if (unmarked.Length > 0) throw Refuse("missing_marks", $"Without a price the account cannot be weighed: {string.Join(", ", unmarked)}.", new(StringComparer.Ordinal) { ["symbols"] = string.Join(',', unmarked) });

        var (before, after) = (Of(Positions(request)), Of(Projected(request, net)));
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["current_gross_notional"] = Text(before.Gross),
            ["current_net_notional"] = Text(before.Net),
            ["projected_gross_notional"] = Text(after.Gross),
            ["projected_net_notional"] = Text(after.Net),
            ["margin_headroom"] = Text(Headroom(after, request.TotalEquity)),
        };
        if (policy.MaxGrossNotional is { } gross && after.Gross > gross) throw Refuse("max_gross_notional", $"The positions would add up to {Text(after.Gross)}, more than the {Text(gross)} allowed.", facts);
        if (policy.MaxNetNotional is { } most && Math.Max(Math.Abs(before.Net), Math.Abs(after.Net)) > most)
            throw Refuse("max_net_notional", $"The net position is {Text(before.Net)} and would be {Text(after.Net)}; {Text(most)} is allowed.", facts);
        if (policy.MinMarginHeadroom is { } least && Headroom(after, request.TotalEquity) < least)
            throw Refuse("min_margin_headroom", $"{Text(Headroom(after, request.TotalEquity))} of equity would stay free; {Text(least)} must.", facts);
    }

    /// <summary>Share of equity that the net position leaves free: max(0, 1 - |net| / equity).</summary>
    public static double Headroom(Exposure exposure, double equity) => equity > 0 ? Math.Max(0, 1 - (Math.Abs(exposure.Net) / equity)) : 0;

    private static Exposure Of(IEnumerable<double> notionals)
    {
        var (gross, net) = (0.0, 0.0);
        foreach (var notional in notionals) (gross, net) = (gross + Math.Abs(notional), net + notional);
        return new Exposure(gross, net);
    }

    // Netted by instrument: in one account a long and a short position of two worlds are one.
    private static IEnumerable<double> Positions(MultiWorldRebalanceRequest request) =>
        request.Positions.GroupBy(position => (position.Venue, position.Symbol)).Select(group => group.Sum(position => position.Qty * position.Mark));

    private static IEnumerable<double> Projected(MultiWorldRebalanceRequest request, Translation net) =>
        request.Positions.Select(position => (position.Venue, position.Symbol, Notional: position.Qty * position.Mark))
            .Concat(net.Orders.Select(order => (order.Order.Venue, order.Order.Symbol, order.Notional)))
            .GroupBy(part => (part.Venue, part.Symbol)).Select(group => group.Sum(part => part.Notional));

    private static RefusalException Refuse(string limit, string detail, Dictionary<string, string> facts)
    {
        facts["limit"] = limit;
        return new RefusalException(ReasonCodes.SharedAccountPolicy, detail, errors: null, facts);
    }

    private static string Text(double number) => number.ToString("G12", CultureInfo.InvariantCulture);
}
