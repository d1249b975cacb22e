namespace Qmtl.Strategies;

/// <content>Comparing the members with each other, bar by bar. A member that is missing at a bar is left out there and stays missing.</content>
public sealed partial class Panel
{
    /// <summary>The rank of each member from 0 (lowest) to 1 (highest); equal values share the mean of their ranks; a single member has 0.5.</summary>
    /// <remarks>(r - 1) / (n - 1) for rank r of n present members, as <c>rank</c> in Kakushadze's "101 Formulaic Alphas"; pandas' <c>rank(pct=True)</c> is r / n.</remarks>
    public Panel Rank() => Cross(new RankKernel(Names));

    /// <summary>The distance of each member from the mean, in population standard deviations; missing when all present members are equal.</summary>
    public Panel ZScore() => Cross(new CrossZScoreKernel(Names));

    /// <summary>The distance of each member from the mean of the present ones.</summary>
    public Panel Demean() => Cross(new DemeanKernel(Names));

    /// <summary>The bucket of each member from 0 (lowest) to <paramref name="buckets"/> - 1; equal values share a bucket.</summary>
    /// <remarks>floor(buckets x members that are smaller / present members): buckets of distinct values differ by at most one member.</remarks>
    public Panel Quantile(int buckets) => buckets is >= 2 and <= 1000
        ? Cross(new QuantileBucketKernel(Names, buckets))
        : throw Refuse.Argument("quantile", _members[0].Series.Node, "buckets", $"must be a whole number 2..1000, was {buckets}");

    /// <summary>1 for the <paramref name="count"/> highest members, 0 for the others. Of equal values at the edge, those earlier in the panel are in.</summary>
    public Panel Top(int count) => Cross(new ExtremesKernel(Names, Checked("top", count), highest: true));

    /// <summary>1 for the <paramref name="count"/> lowest members, 0 for the others. Of equal values at the edge, those earlier in the panel are in.</summary>
    public Panel Bottom(int count) => Cross(new ExtremesKernel(Names, Checked("bottom", count), highest: false));

    /// <summary>Each member, but not beyond these quantiles of the present ones (linear between neighbours).</summary>
    /// <param name="lower">Share from 0 to below <paramref name="upper"/>.</param>
    /// <param name="upper">Share up to 1.</param>
    public Panel Winsorize(double lower = 0.05, double upper = 0.95) => lower >= 0 && lower < upper && upper <= 1
        ? Cross(new WinsorizeKernel(Names, lower, upper))
        : throw Refuse.Argument("winsorize", _members[0].Series.Node, "lower and upper", $"must be shares with 0 <= lower < upper <= 1, were {lower} and {upper}");

    /// <summary>The sum of the present members; missing when there is none.</summary>
    public Series Sum() => Fold<CrossSum>();

    /// <summary>The mean of the present members; missing when there is none.</summary>
    public Series Mean() => Sum() / Present();

    /// <summary>How many members are present; missing when none is.</summary>
    public Series Present() => Fold<CrossCount>();

    /// <summary>The highest present member.</summary>
    public Series Max() => Fold<CrossMax>();

    /// <summary>The lowest present member.</summary>
    public Series Min() => Fold<CrossMin>();

    private Series Fold<TFold>()
        where TFold : struct, ICrossFold => new(Node.Of(new CrossFoldKernel<TFold>(), Array.ConvertAll(_members, member => member.Series.Node)));

    private Panel Cross(CrossSectionKernel kernel)
    {
        var outputs = kernel.Over(Array.ConvertAll(_members, member => member.Series));
        return new Panel([.. _members.Select((member, i) => member with { Series = outputs[i] })]);
    }

    private int Checked(string operation, int count) => count >= 1 && count <= Count
        ? count
        : throw Refuse.Argument(operation, _members[0].Series.Node, "count", $"must be a whole number 1..{Count}, the members of the panel, was {count}");
}
