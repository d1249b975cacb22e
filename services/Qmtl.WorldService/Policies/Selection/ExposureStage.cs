namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// Keeps the capital of the chosen strategies within the policy's limits. From the best score down: who fits gets in, and the first
/// who does not closes the limit it met to all below, which is the same as dropping the lowest score until the limit is kept.
/// A strategy that is too large by itself is dropped without closing anything, for no order would make it fit.
/// </summary>
internal static class ExposureStage
{
    public static void Run(CandidateTrace[] all, CandidateTrace[] ranked, ExposureShares? shares)
    {
        if (shares is null) return;
        var book = new ExposureBook(shares);
        foreach (var trace in all)
        {
            if (trace.HoldsPlace) book.Take(trace.Candidate);
        }

        foreach (var trace in ranked)
        {
            if (!trace.Selected) continue;
            if (book.Refuses(trace.Candidate) is { } refusal)
            {
                trace.Exposure = refusal;
                trace.Reject(refusal.Limit.Code);
            }
            else book.Take(trace.Candidate);
        }
    }
}

/// <summary>One limit on a sum over strategies.</summary>
/// <param name="Scope">What is summed: long, short, leverage, or a sector's name.</param>
/// <param name="Text">The limit as a reason states it.</param>
/// <param name="Code">The code of a strategy it has no room for.</param>
internal sealed record ExposureLimit(string Scope, string Text, string Code, double Max);

/// <summary>The sums so far against their limits.</summary>
internal sealed class ExposureBook(ExposureShares shares)
{
    // Shares are quotients: five of 0.6 / 5 may add up to a hair more than 0.6.
    private const double Rounding = 1e-9;

    private readonly double[] _sums = new double[shares.Limits.Count];
    private readonly bool[] _closed = new bool[shares.Limits.Count];

    /// <summary>Counts a strategy, whether it fits or not.</summary>
    public void Take(Candidate candidate)
    {
        foreach (var (limit, amount) in shares.Of(candidate)) _sums[limit] += amount;
    }

    /// <summary>The first limit that has no room for the strategy, with the sum it would come to; null when all have.</summary>
    public (ExposureLimit Limit, double Sum)? Refuses(Candidate candidate)
    {
        foreach (var (limit, amount) in shares.Of(candidate))
        {
            if (amount == 0) continue;
            var (rule, sum) = (shares.Limits[limit], _sums[limit] + amount);
            if (!_closed[limit] && sum <= rule.Max + Rounding) continue;
            if (amount <= rule.Max + Rounding) _closed[limit] = true;
            return (rule, sum);
        }

        return null;
    }
}
