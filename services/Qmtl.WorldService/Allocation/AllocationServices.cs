using Qmtl.WorldService.Allocation;
using Qmtl.WorldService.Telemetry;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What allocations need.</summary>
internal static class AllocationServices
{
    public static IServiceCollection AddAllocations(this IServiceCollection services) => services
        .AddSingleton<AllocationMetrics>()
        .AddSingleton<AllocationHandler>()
        .AddSingleton<AllocationRunsHandler>()
        .AddSingleton<ProposalHandler>();
}
