using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests;

public sealed class SqliteLogTests : MessageLogConformance
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-bus-").FullName;

    // A file tells nobody that it changed.
    private protected override bool WakesAcrossProcesses => false;

    private protected override Task<LogHost> StartHostAsync() => LogHost.StartAsync(new() { ["Storage:Directory"] = _folder, ["Storage:Fsync"] = "false" });
}

[Requires(Needs.Postgres)]
public sealed class PostgresLogTests : MessageLogConformance
{
    private string _database = "";

    public override async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateSharedDatabaseAsync();
        await base.InitializeAsync();
    }

    private protected override Task<LogHost> StartHostAsync() => LogHost.StartAsync(new() { ["ConnectionStrings:qmtl"] = _database });
}
