namespace Qmtl.Strategies;

/// <content>Weights of a universe.</content>
public sealed partial class Panel
{
    /// <summary>Scaled so that the magnitudes sum to <paramref name="gross"/>; missing when all are zero.</summary>
    public Panel ToGross(double gross) => this * (Leverage("to_gross", gross) / Abs().Sum());

    /// <summary>Scaled down where the magnitudes sum to more than <paramref name="gross"/>; as it is where they do not.</summary>
    public Panel ClampGross(double gross)
    {
        var total = Abs().Sum();
        return this * (total > Leverage("clamp_gross", gross)).Then(gross / total, 1.0);
    }

    /// <summary>As much long as short, with magnitudes that sum to <paramref name="gross"/>: each member less the mean, scaled.</summary>
    public Panel DollarNeutral(double gross = 1) => Demean().ToGross(gross);

    private double Leverage(string operation, double gross) => gross is > 0 and <= 1000
        ? gross
        : throw Refuse.Argument(operation, _members[0].Series.Node, "gross", FormattableString.Invariant($"must be above 0 and at most 1000, was {gross}"));
}
