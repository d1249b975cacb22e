namespace Qmtl.DagManager.Leases;

/// <summary>Puts leases into a host.</summary>
internal static class LeaseServices
{
    /// <summary>Adds the handler and its metrics.</summary>
    public static IServiceCollection AddLeases(this IServiceCollection services) => services.AddSingleton<LeaseMetrics>().AddSingleton<LeaseHandler>();
}
