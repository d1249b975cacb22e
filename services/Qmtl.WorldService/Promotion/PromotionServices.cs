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
        return services;
    }
}
