using Qmtl.V1;

namespace Qmtl.WorldService.Promotion;

/// <summary>The conditions under which a promotion goes from paper to live where its request brings none. Pure.</summary>
internal static class LiveGating
{
    /// <summary>Frozen first, bound to the data, with the edges into live closed until it is done.</summary>
    /// <param name="fingerprint">The data set that the strategy was judged on.</param>
    public static GatingPolicy Standard(string fingerprint) => new()
    {
        DatasetFingerprint = fingerprint,
        SharePolicy = "feature-artifacts-only",
        Snapshot = new GatingSnapshot { StrategyPlane = "cow", FeaturePlane = "readonly" },
        Edges = new GatingEdges
        {
            PrePromotion = new PrePromotionEdges { DisableEdgesTo = "live" },
            PostPromotion = new PostPromotionEdges { EnableEdgesTo = "live" },
        },
        Observability = new GatingObservability { Slo = new GatingSlo { CrossContextCacheHit = 0 } },
        Domains = new GatingDomains { From = "dryrun", To = "live" },
        Apply = new GatingApply { Mode = "two_phase" },
    };
}
