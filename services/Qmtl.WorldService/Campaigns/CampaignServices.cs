namespace Qmtl.WorldService.Campaigns;

/// <summary>What campaigns need of the host.</summary>
internal static class CampaignServices
{
    public static IServiceCollection AddCampaigns(this IServiceCollection services) => services.AddSingleton<CampaignHandler>();
}
