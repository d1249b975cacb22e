using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Storage;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.TestKit;

/// <summary>One process that uses a log. Several hosts on one store are several replicas.</summary>
public sealed class LogHost : IAsyncDisposable
{
    private readonly IHost _host;

    private LogHost(IHost host) => _host = host;

    public IMessageLog Log => Get<IMessageLog>();

    public ITopicAdmin Topics => Get<ITopicAdmin>();

    public ISubscriptions Subscriptions => Get<ISubscriptions>();

    public IControlBus Bus => Get<IControlBus>();

    public ICommitLog CommitLog => Get<ICommitLog>();

    public IDatabase Database => Get<IDatabase>();

    public static async Task<LogHost> StartAsync(Dictionary<string, string?> settings, TimeProvider? clock = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        if (clock is not null) builder.Services.AddSingleton(clock);
        builder.AddQmtlMessaging();
        var host = new LogHost(builder.Build());
        await host._host.StartAsync().Within();
        return host;
    }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync().Within();
        if (_host is IAsyncDisposable disposable) await disposable.DisposeAsync();
    }
}
