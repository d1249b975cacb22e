using Qmtl.Standalone;

namespace Qmtl.CoreLoop.Tests.Stacks;

/// <summary>Everything in this process, on SQLite.</summary>
public sealed class EmbeddedStackUnderTest : StackUnderTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-loop-").FullName;
    private EmbeddedStack? _stack;

    public override Uri Http => _stack!.GatewayHttp;

    public override Uri Grpc => _stack!.GatewayGrpc;

    public override Uri WorldGrpc => _stack!.GatewayGrpc;

    public override async Task StartAsync() => _stack = await EmbeddedStack.StartAsync(_folder, Settings());

    public override Task CrashAndRestartAsync() => RestartAsync();

    // The services share a process, so the one that is lost is a wrong address: nobody listens on the discard port.
    public override Task LoseWorldServiceAsync() =>
        RestartAsync(("services:worldservice:grpc:0", "http://127.0.0.1:9"));

    public override Task RestoreWorldServiceAsync() => RestartAsync();

    public override async ValueTask DisposeAsync()
    {
        if (_stack is not null) await _stack.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RestartAsync(params (string Key, string Value)[] settings)
    {
        await _stack!.DisposeAsync();
        _stack = await EmbeddedStack.StartAsync(_folder, Settings(settings));
    }

    private static Dictionary<string, string?> Settings(params (string Key, string Value)[] further)
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal) { ["Gateway:Submissions:HoldFor"] = HoldFor };
        foreach (var (key, value) in further) settings[key] = value;
        return settings;
    }
}
