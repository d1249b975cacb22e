using Qmtl.V1;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>Reasons as the contract words them. Numbers that are not finite stay absent.</summary>
internal static class ReasonMessages
{
    public static Reason Of(ReasonNode node)
    {
        var reason = new Reason
        {
            Rule = node.Rule,
            Text = node.Text,
            Outcome = node.Outcome.ToString().ToLowerInvariant(),
            Code = node.Code ?? "",
            Metric = node.Metric ?? "",
            Value = Finite(node.Value),
            Threshold = Finite(node.Threshold),
            Distance = Finite(node.Distance),
            Needed = node.Needed ?? "",
        };
        reason.Children.Add(node.Children.Select(Of));
        return reason;
    }

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
