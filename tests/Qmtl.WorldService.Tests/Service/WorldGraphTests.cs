using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>Nodes and verdicts over gRPC, whatever database they stand on.</summary>
public abstract class WorldGraphTests
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}}\n";

    private protected abstract Task<WorldHost> StartAsync(params (string Key, string Value)[] settings);

    [ConformanceFact]
    public async Task Nodes_OfEachDomain_StandApartAndGoThroughTheirStatuses()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "root");
        Assert.Equal([("root", "backtest", "unknown")], (await ListAsync(host)).Select(node => (node.NodeId, node.ExecutionDomain, node.Status)));
        await RefusedAsync(() => PutAsync(host, "n", "running"), ReasonCodes.NodeTransition);
        await RefusedAsync(() => PutAsync(host, "n", "dancing"), ReasonCodes.InvalidArgument);
        foreach (var status in new[] { "validating", "valid", "running", "paused", "running", "stopped", "archived" }) Assert.Equal(status, (await PutAsync(host, "n", status)).Status);
        await RefusedAsync(() => PutAsync(host, "n", "running"), ReasonCodes.NodeTransition);

        // The world does not allow live, so nothing runs there.
        await PutAsync(host, "n", "valid", "live");
        await RefusedAsync(() => PutAsync(host, "n", "running", "live"), ReasonCodes.LiveDisabled);
        Assert.Equal([("n", "backtest", "archived"), ("n", "live", "valid"), ("root", "backtest", "unknown")], (await ListAsync(host)).Select(node => (node.NodeId, node.ExecutionDomain, node.Status)));

        var page = await host.Client.ListWorldNodesAsync(new ListWorldNodesRequest { WorldId = "w", Limit = 2 }).ResponseAsync.Within();
        var rest = await host.Client.ListWorldNodesAsync(new ListWorldNodesRequest { WorldId = "w", Limit = 2, PageToken = page.NextPageToken }).ResponseAsync.Within();
        Assert.Equal(["root"], rest.Nodes.Select(node => node.NodeId));

        await host.Client.DeleteWorldNodeAsync(new DeleteWorldNodeRequest { WorldId = "w", NodeId = "n", ExecutionDomain = "live" }).ResponseAsync.Within();
        await RefusedAsync(() => host.Client.GetWorldNodeAsync(new GetWorldNodeRequest { WorldId = "w", NodeId = "n", ExecutionDomain = "live" }).ResponseAsync, ReasonCodes.NodeUnknown);
        Assert.Equal("archived", (await host.Client.GetWorldNodeAsync(new GetWorldNodeRequest { WorldId = "w", NodeId = "n" }).ResponseAsync.Within()).Status);
    }

    [ConformanceFact]
    public async Task Verdicts_AreFoundOnlyInTheContextTheyWereMadeIn()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy);
        await PutAsync(host, "n", "validating");
        var stored = await StoreAsync(host, Key());
        Assert.Equal(new EvalKey("w", "n", ExecutionDomain.Backtest, "c", "sha256:1", "v1", "").Compute(), stored.EvalKey);
        Assert.Equal(stored, await LookupAsync(host, Key()));
        Assert.Equal(stored.EvalKey, (await ListAsync(host)).Single().LastEvalKey);
        foreach (var change in new Action<EvalKeyParts>[]
                 {
                     key => key.DatasetFingerprint = "sha256:2", key => key.CodeVersion = "v2", key => key.ExecutionDomain = "live", key => key.ContractId = "d", key => key.ResourcePolicy = "small", key => key.NodeId = "m",
                 })
        {
            var other = Key();
            change(other);
            await RefusedAsync(() => LookupAsync(host, other), ReasonCodes.ValidationUnknown);
        }

        await RefusedAsync(() => StoreAsync(host, new EvalKeyParts { NodeId = "n" }), ReasonCodes.InvalidArgument);
        await StoreAsync(host, Key("live"));
        Assert.Equal(1, (await host.Client.DeleteValidationsAsync(new DeleteValidationsRequest { WorldId = "w", ExecutionDomain = "backtest" }).ResponseAsync.Within()).Deleted);
        await RefusedAsync(() => LookupAsync(host, Key()), ReasonCodes.ValidationUnknown);
        Assert.Equal("valid", (await LookupAsync(host, Key("live"))).Result);
        Assert.Null((await ListAsync(host)).Single().LastEvalKey);
    }

    [ConformanceFact]
    public async Task Verdicts_ThatAreTooOld_CountNoMore()
    {
        await using var host = await StartAsync(("WorldService:ValidationRetention", "1.00:00:00"));
        await host.WorldAsync("w", Policy);
        await StoreAsync(host, Key());
        host.Clock.Advance(TimeSpan.FromHours(25));
        await RefusedAsync(() => LookupAsync(host, Key()), ReasonCodes.ValidationUnknown);
        await StoreAsync(host, Key("shadow"));
        Assert.Equal(1, await host.Database.ScalarAsync<long>("SELECT COUNT(*) FROM ws_validations"));
    }

    private static EvalKeyParts Key(string domain = "") => new() { NodeId = "n", ExecutionDomain = domain, ContractId = "c", DatasetFingerprint = "sha256:1", CodeVersion = "v1" };

    private static Task<ValidationEntry> StoreAsync(WorldHost host, EvalKeyParts key) => host.Client.StoreValidationAsync(new StoreValidationRequest
    {
        WorldId = "w",
        Key = key,
        Result = "valid",
        Metrics = new Struct { Fields = { ["rows"] = Value.ForNumber(10) } },
    }).ResponseAsync.Within();

    private static Task<ValidationEntry> LookupAsync(WorldHost host, EvalKeyParts key) => host.Client.LookupValidationAsync(new LookupValidationRequest { WorldId = "w", Key = key }).ResponseAsync.Within();

    private static Task<WorldNode> PutAsync(WorldHost host, string node, string status, string domain = "") =>
        host.Client.PutWorldNodeAsync(new PutWorldNodeRequest { WorldId = "w", NodeId = node, Status = status, ExecutionDomain = domain }).ResponseAsync.Within();

    private static async Task<IReadOnlyList<WorldNode>> ListAsync(WorldHost host) => (await host.Client.ListWorldNodesAsync(new ListWorldNodesRequest { WorldId = "w" }).ResponseAsync.Within()).Nodes;

    private static async Task RefusedAsync(Func<Task> call, ReasonCode code) => Assert.Equal(code.Code, (await WorldHost.RefusedAsync(call)).Code.Code);
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteWorldGraphTests : WorldGraphTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        WorldHost.StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresWorldGraphTests : WorldGraphTests
{
    private protected override async Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        await WorldHost.StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}
