using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Samples;

/// <summary>The world the samples live in.</summary>
internal static class Worlds
{
    /// <summary>Creates the world with the policy beside the samples, unless it is there.</summary>
    public static async Task EnsureAsync(GatewayClient gateway, string world, CancellationToken cancellation)
    {
        if (await gateway.FindAsync<World>($"worlds/{world}", cancellation) is not null) return;
        try
        {
            await gateway.PostAsync<World>("worlds", new CreateWorldRequest { Id = world, Name = "Crypto momentum, hourly" }, cancellation);
            var policy = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "worlds", "crypto_mom_1h.yaml"), cancellation);
            await gateway.PostAsync<CreatePolicyResponse>($"worlds/{world}/policies", policy, "application/yaml", cancellation);
        }
        catch (RefusalException refusal) when (refusal.Code.Code == ReasonCodes.WorldExists.Code)
        {
            // Another sample was faster.
        }
    }
}
