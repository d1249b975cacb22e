using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.WorldService.Audit;

/// <summary>Registers what reads the audit.</summary>
internal static class AuditServices
{
    public static IServiceCollection AddAudit(this IServiceCollection services) => services
        .AddWorldRetention()
        .AddSingleton<AuditHandler>()
        .AddSingleton<AuditChainHandler>()
        .AddSingleton<RefusedMutations>()
        .AddSingleton<IRefusedCalls>(provider => provider.GetRequiredService<RefusedMutations>());
}
