using Qmtl.WorldService.Rebalancing;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What rebalancing needs.</summary>
internal static class RebalancingServices
{
    public static IServiceCollection AddRebalancing(this IServiceCollection services) => services.AddSingleton<RebalanceHandler>();
}
