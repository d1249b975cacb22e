using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Gateway;

/// <summary>The door: one submission at a time, and very many; and one event to very many.</summary>
internal static class GatewaySuite
{
    public static IReadOnlyList<Benchmark> Benchmarks { get; } =
    [
        new SubmitOne("submit-64", fsync: true),
        new SubmitOne("submit-64-no-fsync", fsync: false),
        new Burst("burst", BurstTarget.Sqlite, fsync: true),
        new Burst("burst-postgres", BurstTarget.Postgres, fsync: true),
        new FanOut("fanout", stuck: 0),
        new FanOut("fanout-stuck", stuck: 10),
        new Burst("burst-kill", BurstTarget.PostgresKill, fsync: true),
    ];
}
