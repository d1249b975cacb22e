namespace Qmtl.Gateway.Tests.Kit;

/// <summary>Tests that each have a Gateway of their own, on SQLite, with peers that answer.</summary>
public abstract class FreshGateway : IAsyncLifetime
{
    private protected Peers Peers { get; private set; } = null!;

    private protected GatewayHost Gateway { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Peers = await Peers.StartAsync();
        Gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), Peers.Address);
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Peers.DisposeAsync();
    }
}
