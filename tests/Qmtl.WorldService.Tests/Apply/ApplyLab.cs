using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.Storage.Migrations;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.History;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Tests.Apply;

/// <summary>The services of WorldService over a database, without anything that runs by itself; processes come and die as the test says.</summary>
internal sealed class ApplyLab : IAsyncDisposable
{
    public const string World = "w";
    public static readonly Caller Operator = new("op", [new WorldGrant(WorldGrant.EveryWorld, WorldRole.Owner)], "c");

    private readonly IHost _host;

    private ApplyLab(IHost host, ManualClock clock) => (_host, Clock) = (host, clock);

    public ManualClock Clock { get; }

    public IDatabase Database => Get<IDatabase>();

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>A world in which a is active, and only a may go live; it and b stand on paper.</summary>
    public static async Task<ApplyLab> StartAsync(IReadOnlyDictionary<string, string?> store)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = "Test" });
        builder.Configuration.AddInMemoryCollection(store);
        builder.Logging.ClearProviders();
        var clock = new ManualClock(new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero));
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.AddWorldService();
        builder.Services.Replace(ServiceDescriptor.Singleton<ILiveEligibility, OnlyA>());
        var lab = new ApplyLab(builder.Build(), clock);
        await lab.Get<IMigrator>().MigrateAsync();
        await lab.Get<WorldsHandler>().CreateAsync(new CreateWorldRequest { Id = World, AllowLive = true }, Operator, CancellationToken.None);
        await lab.Get<BindingsHandler>().BindAsync(new BindStrategiesRequest { WorldId = World, Strategies = { "a", "b", "c" } }, Operator, CancellationToken.None);
        await lab.Get<DecisionsHandler>().SetAsync(new SetDecisionsRequest { WorldId = World, Strategies = { "a" } }, Operator, CancellationToken.None);
        await lab.Get<HistoryHandler>().PutAsync(
            new PutHistoryRequest { WorldId = World, Report = new HistoryReport { StrategyId = "a", NodeId = "n", DatasetFingerprint = "sha256:1", Rows = 10 } }, Operator, CancellationToken.None);
        await lab.Database.WriteAsync(async unit =>
        {
            foreach (var strategy in new[] { "a", "b" }) await StageStore.SetAsync(unit, World, strategy, StageNames.Paper, "paper");
        });
        return lab;
    }

    /// <summary>A new process over the same database, which dies after so many commits: what it committed stays, its caller hears nothing.</summary>
    public Process NewProcess(int? diesAfter = null)
    {
        var database = new MortalDatabase(Database, diesAfter ?? int.MaxValue);
        var writer = new WorldWriter(database, Get<DecisionStore>(), Get<ActivationReconciler>(), Get<ActivationTable>(), Get<DecisionCache>(), Get<WorldMetrics>());
        var signal = new ApplySignal();
        var driver = new ApplyDriver(database, writer, Get<ApplyStages>(), Get<ApplyOptions>(), signal, Get<ApplyMetrics>(), Clock, NullLogger<ApplyDriver>.Instance);
        var engine = new ApplyEngine(database, writer, Get<PolicyStore>(), new ApplyTargets(database, Get<EvaluationHandler>()), Get<ApplyConditions>(), driver, signal, Clock);
        return new Process(engine, driver);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        else _host.Dispose();
    }

    /// <summary>What one process runs.</summary>
    internal sealed record Process(ApplyEngine Engine, ApplyDriver Driver);

    private sealed class OnlyA : ILiveEligibility
    {
        private static readonly string[] No = ["not_paper_stage"];

        public Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> BlockedAsync(
            ISession session, WorldRow world, IReadOnlyCollection<string> strategies, LiveGrant? grant, DateTimeOffset now) =>
            Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<string>>>(strategies.Where(id => id != "a").ToDictionary(id => id, _ => (IReadOnlyList<string>)No, StringComparer.Ordinal));
    }

    private sealed class MortalDatabase(IDatabase inner, int commits) : IDatabase
    {
        private int _left = commits;

        public Dialect Dialect => inner.Dialect;

        public Task<T> ReadAsync<T>(Func<ISession, Task<T>> read, CancellationToken cancellationToken = default) =>
            _left < 0 ? throw new ProcessDiedException() : inner.ReadAsync(read, cancellationToken);

        public async Task<T> WriteAsync<T>(Func<IUnitOfWork, Task<T>> work, CancellationToken cancellationToken = default)
        {
            if (_left-- <= 0) throw new ProcessDiedException();
            var result = await inner.WriteAsync(work, cancellationToken);

            // Death comes right after a commit, before anything that follows it.
            return _left == 0 ? throw new ProcessDiedException() : result;
        }
    }
}

/// <summary>The process is no more.</summary>
internal sealed class ProcessDiedException : Exception;
