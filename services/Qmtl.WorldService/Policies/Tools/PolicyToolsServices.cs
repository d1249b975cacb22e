namespace Qmtl.WorldService.Policies.Tools;

/// <summary>Registers what tries policies out.</summary>
internal static class PolicyToolsServices
{
    public static IServiceCollection AddPolicyTools(this IServiceCollection services) => services
        .AddSingleton<PolicyTestHandler>()
        .AddSingleton<PolicyDiffHandler>();
}
