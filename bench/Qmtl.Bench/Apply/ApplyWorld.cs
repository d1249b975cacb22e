using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.Storage.Migrations;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.Bench.Apply;

/// <summary>A world on SQLite, with nothing beside it that runs by itself.</summary>
internal sealed class ApplyWorld : IAsyncDisposable
{
    private const string World = "w";
    private static readonly Caller Operator = new("bench", [new WorldGrant(WorldGrant.EveryWorld, WorldRole.Owner)], "bench");

    private readonly IHost _host;
    private readonly string _folder;
    private readonly string[] _strategies;
    private readonly ApplyEngine _engine;

    private ApplyWorld(IHost host, string folder, string[] strategies)
    {
        (_host, _folder, _strategies) = (host, folder, strategies);
        var database = new TimedDatabase(Get<IDatabase>(), Steps);
        var writer = new WorldWriter(database, Get<DecisionStore>(), Get<ActivationReconciler>(), Get<ActivationTable>(), Get<DecisionCache>(), Get<WorldMetrics>());
        var signal = new ApplySignal();
        var driver = new ApplyDriver(database, writer, Get<ApplyStages>(), Get<ApplyOptions>(), signal, Get<ApplyMetrics>(), TimeProvider.System, NullLogger<ApplyDriver>.Instance);
        _engine = new ApplyEngine(database, writer, Get<PolicyStore>(), new ApplyTargets(database, Get<EvaluationHandler>()), Get<ApplyConditions>(), driver, signal, TimeProvider.System);
    }

    /// <summary>The transactions of the last apply that wrote, by what they did.</summary>
    public List<(string Step, TimeSpan Time)> Steps { get; } = [];

    /// <summary>A world in which so many strategies are active, and a hundredth more is bound.</summary>
    public static async Task<ApplyWorld> CreateAsync(int active, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-bench-").FullName;
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = "Bench" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["Storage:Directory"] = folder, ["Auth:Mode"] = "local" });
        builder.Logging.ClearProviders();
        builder.AddWorldService();
        string[] strategies = [.. Enumerable.Range(0, active + Moving(active)).Select(i => string.Create(CultureInfo.InvariantCulture, $"strategy-{i:00000}"))];
        var world = new ApplyWorld(builder.Build(), folder, strategies);
        await world.Get<IMigrator>().MigrateAsync(cancellationToken);
        await world.Get<WorldsHandler>().CreateAsync(new CreateWorldRequest { Id = World }, Operator, cancellationToken);
        await world.Get<BindingsHandler>().BindAsync(new BindStrategiesRequest { WorldId = World, Strategies = { strategies } }, Operator, cancellationToken);
        await world.Get<DecisionsHandler>().SetAsync(new SetDecisionsRequest { WorldId = World, Strategies = { strategies.Take(active) } }, Operator, cancellationToken);
        return world;
    }

    /// <summary>Lets the strategies that are out take the place of others, round by round.</summary>
    public async Task ApplyAsync(int round, CancellationToken cancellationToken)
    {
        var moving = Moving(_strategies.Length - 1);
        var plan = new ApplyPlan();
        for (var i = 0; i < moving; i++)
        {
            plan.Activate.Add(_strategies[((round * moving) + _strategies.Length - moving + i) % _strategies.Length]);
            plan.Deactivate.Add(_strategies[((round * moving) + i) % _strategies.Length]);
        }

        var request = new ApplyRequest { WorldId = World, RunId = string.Create(CultureInfo.InvariantCulture, $"r{round}"), WaitMs = 0, Plan = plan };
        var ack = await _engine.StartAsync(request, Operator, grant: null, cancellationToken);
        if (ack.Phase is not "completed") throw new InvalidOperationException($"The apply came to {ack.Phase}, {ack.Reason}.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        else _host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int Moving(int active) => Math.Max(1, active / 100);

    private T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    private sealed class TimedDatabase(IDatabase inner, List<(string Step, TimeSpan Time)> steps) : IDatabase
    {
        private static readonly string[] Names = ["1-begin", "2-freeze", "3-switch", "4-unfreeze", "5-complete"];

        public Dialect Dialect => inner.Dialect;

        public Task<T> ReadAsync<T>(Func<ISession, Task<T>> read, CancellationToken cancellationToken = default) => inner.ReadAsync(read, cancellationToken);

        public async Task<T> WriteAsync<T>(Func<IUnitOfWork, Task<T>> work, CancellationToken cancellationToken = default)
        {
            var started = Stopwatch.GetTimestamp();
            var result = await inner.WriteAsync(work, cancellationToken);
            steps.Add((Names[Math.Min(steps.Count, Names.Length - 1)], Stopwatch.GetElapsedTime(started)));
            return result;
        }
    }
}
