namespace Qmtl.WorldService.Promotion;

/// <summary>What promotion needs of the host.</summary>
internal static class PromotionServices
{
    public static IServiceCollection AddPromotion(this IServiceCollection services)
    {
        services.AddSingleton<RiskEvidenceReader>();
        services.AddSingleton<PromotionReader>();
        services.AddSingleton<PromotionReviewHandler>();
        services.AddSingleton<PromotionQueryHandler>();
        services.AddSingleton<PromotionMetrics>();
        services.AddSingleton<PromotionDesk>();
        services.AddSingleton<PromotionHandler>();
        services.AddSingleton<DemotionHandler>();
        services.AddSingleton<ILiveEligibility, LiveEligibility>();
        return services;
    }
}
