using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>A table of metrics means what the same numbers mean strategy by strategy.</summary>
public sealed class MetricTableTests
{
    private static readonly string[] Names = ["sharpe", "max_drawdown", "own", "stress.crash.dd", "winrate_mid"];

    [Fact]
    public void Read_AnyTable_GivesWhatTheStrategiesOneByOneGive_AndTheSameHash()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var (table, single) = Make(new Random(seed));

            var fromTable = Read(new EvaluateRequest { MetricTable = table });
            var fromSingle = Read(single);

            Assert.Equal(Plain(fromSingle), Plain(fromTable));
            Assert.Equal(fromSingle.ContentHash(), fromTable.ContentHash());
        }
    }

    [Fact]
    public void ContentHash_OtherNumberNameOrStrategy_Differs()
    {
        var hashes = new[]
        {
            """{"metrics":{"a":{"x":1,"y":2},"b":{"x":1,"y":2}}}""",
            """{"metrics":{"a":{"x":1,"y":2},"b":{"x":1,"y":3}}}""",
            """{"metrics":{"a":{"x":2,"y":1},"b":{"x":1,"y":2}}}""",
            """{"metrics":{"a":{"x":1,"z":2},"b":{"x":1,"z":2}}}""",
            """{"metrics":{"a":{"x":1,"y":2},"c":{"x":1,"y":2}}}""",
            """{"metrics":{"a":{"x":1,"y":2},"b":{"x":1}}}""",
            """{"metrics":{"a":{"x":1,"y":2}}}""",
        }.Select(json => Read(ProtoJson.Read<EvaluateRequest>(json)).ContentHash()).ToArray();

        Assert.Equal(hashes.Length, hashes.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(hashes[0], Read(ProtoJson.Read<EvaluateRequest>("""{"metrics":{"b":{"y":2,"x":1},"a":{"x":1,"y":2}}}""")).ContentHash());
    }

    [Theory]
    [InlineData("""{"strategy_ids":["a","b"],"columns":{"sharpe":{"values":[1]}}}""", "/metric_table/columns/sharpe/values")]
    [InlineData("""{"strategy_ids":["a"],"columns":{"sharpe":{"values":[1],"missing":[1]}}}""", "/metric_table/columns/sharpe/missing/0")]
    [InlineData("""{"strategy_ids":["a"],"columns":{"sharpe":{"values":[1],"missing":[-1]}}}""", "/metric_table/columns/sharpe/missing/0")]
    [InlineData("""{"strategy_ids":["a"],"columns":{"max_dd":{"values":[1]},"max_drawdown":{"values":[1]}}}""", "/metric_table/columns/max_drawdown")]
    [InlineData("""{"strategy_ids":["b","b"],"columns":{"sharpe":{"values":[1,2]}}}""", "/metric_table/strategy_ids/1")]
    [InlineData("""{"strategy_ids":["given"],"columns":{"sharpe":{"values":[1]}}}""", "/metric_table/strategy_ids/0")]
    [InlineData("""{"strategy_ids":["a b"],"columns":{"sharpe":{"values":[1]}}}""", "/metric_table/strategy_ids/0")]
    public void Read_WhatDoesNotFit_NamesThePlace(string table, string pointer)
    {
        var request = ProtoJson.Read<EvaluateRequest>("""{"metrics":{"given":{"sharpe":1}},"metric_table":""" + table + "}");

        Assert.Equal(pointer, Assert.Single(Assert.Throws<RefusalException>(() => Read(request)).Errors).Pointer);
    }

    [Fact]
    public void Read_NumberThatIsNone_IsRefusedUnlessMissing()
    {
        var request = new EvaluateRequest { MetricTable = new MetricTable { StrategyIds = { "a", "b" }, Columns = { ["sharpe"] = new MetricColumn { Values = { double.NaN, 1 } } } } };

        Assert.Equal("/metric_table/columns/sharpe/values/0", Assert.Single(Assert.Throws<RefusalException>(() => Read(request)).Errors).Pointer);

        request.MetricTable.Columns["sharpe"].Missing.Add(0);
        var metrics = Read(request).Metrics;
        Assert.Empty(metrics["a"]);
        Assert.Equal(1, metrics["b"]["sharpe"]);
    }

    [Fact]
    public void Read_CompleteTable_HoldsItsNamesOnce()
    {
        var metrics = Read(ProtoJson.Read<EvaluateRequest>("""{"metric_table":{"strategy_ids":["a","b"],"columns":{"sharpe":{"values":[1,2]},"max_drawdown":{"values":[-0.1,0.2]}}}}""")).Metrics;

        Assert.Same(metrics["a"].Schema, metrics["b"].Schema);
        Assert.Equal((0.1, 2), (metrics["a"]["max_dd"], metrics["b"]["sharpe"]));
    }

    private static EvaluationCommand Read(EvaluateRequest request)
    {
        request.StrategyId = "s";
        request.RunId = "r";
        return new EvaluationRequestReader(new WorldServiceOptions(), new MetricNames()).Read(request, "w", DateTimeOffset.UnixEpoch);
    }

    private static Dictionary<string, Dictionary<string, double>> Plain(EvaluationCommand command) =>
        command.Metrics.ToDictionary(pair => pair.Key, pair => pair.Value.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>The same numbers in both forms; some are missing in some tables.</summary>
    private static (MetricTable Table, EvaluateRequest Single) Make(Random random)
    {
        var table = new MetricTable();
        var single = new EvaluateRequest();
        var missing = random.Next(2) * 0.3;
        foreach (var name in Names) table.Columns[name] = new MetricColumn();
        for (var i = 0; i < random.Next(1, 20); i++)
        {
            var metrics = new Struct();
            foreach (var (name, column) in table.Columns)
            {
                var number = random.NextDouble() - 0.5;
                column.Values.Add(number);
                if (random.NextDouble() < missing) column.Missing.Add(table.StrategyIds.Count);
                else metrics.Fields[name] = Value.ForNumber(number);
            }

            table.StrategyIds.Add($"s{i}");
            single.Metrics[$"s{i}"] = metrics;
        }

        return (table, single);
    }
}
