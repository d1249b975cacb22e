using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.Protos.Tests;

/// <summary>How the contract's messages look as JSON.</summary>
public sealed class ProtoJsonTests
{
    [Fact]
    public void DecisionEnvelope_Full_HasItsShape()
    {
        var envelope = new DecisionEnvelope
        {
            WorldId = "crypto_mom_1h",
            PolicyVersion = 3,
            EffectiveMode = "compute-only",
            Reason = "bindings_present & decisions_present & allow_live_disabled",
            AsOf = Timestamp.FromDateTime(new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc)),
            Ttl = Duration.FromTimeSpan(TimeSpan.FromSeconds(300)),
            Etag = "w:3:9f",
            DatasetFingerprint = "sha256:09",
            CoverageBounds = { 1735689600, 1735693200 },
            ConformanceFlags = { ["gap"] = 2 },
            ConformanceWarnings = { "2 bars missing" },
            Rows = 61,
            Artifact = new DatasetArtifact { DatasetFingerprint = "sha256:09", AsOf = "2025-01-01T00:00:00Z", Rows = 61 },
            ExecutionDomain = "backtest",
            ComputeContext = new ComputeContext { WorldId = "crypto_mom_1h", ExecutionDomain = "backtest", AsOf = "2025-01-01T00:00:00Z" },
        };

        AssertJson(
            """
            {"world_id":"crypto_mom_1h","policy_version":3,"effective_mode":"compute-only","reason":"bindings_present & decisions_present & allow_live_disabled",
             "as_of":"2025-01-01T00:00:00Z","ttl":"300s","etag":"w:3:9f","dataset_fingerprint":"sha256:09","coverage_bounds":[1735689600,1735693200],
             "conformance_flags":{"gap":2},"conformance_warnings":["2 bars missing"],"rows":61,
             "artifact":{"dataset_fingerprint":"sha256:09","as_of":"2025-01-01T00:00:00Z","rows":61},"execution_domain":"backtest",
             "compute_context":{"world_id":"crypto_mom_1h","execution_domain":"backtest","as_of":"2025-01-01T00:00:00Z","downgraded":false,"safe_mode":false}}
            """,
            envelope);
    }

    [Fact]
    public void ActivationEnvelope_Closed_PrintsItsFalses()
    {
        var envelope = new ActivationEnvelope { WorldId = "w", StrategyId = "s", Side = "long", EffectiveMode = "compute-only", Etag = "act:w:s:long:1", EntryVersion = 1 };

        AssertJson(
            """
            {"world_id":"w","strategy_id":"s","side":"long","active":false,"weight":0,"freeze":false,"drain":false,"effective_mode":"compute-only",
             "etag":"act:w:s:long:1","entry_version":1}
            """,
            envelope);
    }

    [Fact]
    public void StrategyAck_MapsToATopicOrToSeveral()
    {
        var ack = new StrategyAck
        {
            StrategyId = "s",
            QueueMap = { ["blake3:aa:60:0#ck=blake3:bb"] = Value.ForString("t1"), ["tq"] = Value.ForList(Value.ForString("t1"), Value.ForString("t2")) },
            SentinelId = "s-sentinel",
            NodeIdsCrc32 = 4_294_967_295,
        };

        AssertJson(
            """
            {"strategy_id":"s","queue_map":{"blake3:aa:60:0#ck=blake3:bb":"t1","tq":["t1","t2"]},"sentinel_id":"s-sentinel","node_ids_crc32":4294967295,
             "downgraded":false,"safe_mode":false,"node_queues":{}}
            """,
            ack);
    }

    [Fact]
    public void StrategySubmit_TakesBase64()
    {
        var submit = ProtoJson.Read<StrategySubmit>("""{"dag_json":"eyJub2RlcyI6W119","meta":{"note":1},"world_ids":["w"],"node_ids_crc32":0}""");

        Assert.Equal("{\"nodes\":[]}", submit.DagJson.ToStringUtf8());
    }

    [Fact]
    public void EvaluateRequest_TakesMetricsAsTheyAre()
    {
        var request = ProtoJson.Read<EvaluateRequest>(
            """
            {"metrics":{"s1":{"sharpe":1.2,"returns":{"var_p01":0.02}},"s2":{}},"previous":["s1"],"correlations":{"s1,s2":0.3},
             "series":{"s1":{"returns":[0.01,-0.005],"equity":null}},"run_id":"r","stage":"backtest","override":{"status":"none"}}
            """);

        Assert.Equal(0.02, request.Metrics["s1"].Fields["returns"].StructValue.Fields["var_p01"].NumberValue);
        Assert.Equal([0.01, -0.005], request.Series["s1"].Returns);
        Assert.Empty(request.Series["s1"].Equity);
    }

    [Fact]
    public void EvaluationMetrics_LeaveOutWhatIsUndefined()
    {
        var metrics = new EvaluationMetrics
        {
            Returns = new ReturnMetrics { Sharpe = double.NaN, MaxDrawdown = 0 },
            Values = { ["profit_factor"] = double.PositiveInfinity, ["sharpe"] = 1 },
        };

        AssertJson("""{"returns":{"max_drawdown":0},"stress":{},"live":{},"values":{"sharpe":1}}""", metrics);
    }

    [Theory]
    [InlineData("2025-01-31T10:00:00Z", "2025-01-31T10:00:00Z")]
    [InlineData("2025-01-31t10:00:00.120z", "2025-01-31T10:00:00.120Z")]
    [InlineData("2025-01-31T10:00:00.000000001+02:30", "2025-01-31T07:30:00.000000001Z")]
    [InlineData("1928-12-31T00:00:00-05:00", "1928-12-31T05:00:00Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    public void Timestamp_TurnsToUtc(string text, string canonical) => Assert.Equal(canonical, ProtoTime.Text(ProtoTime.ParseTimestamp(text)!));

    [Theory]
    [InlineData("2025-02-30T00:00:00Z")]
    [InlineData("2025-01-31")]
    [InlineData("2025-01-31T10:00:00")]
    [InlineData("1735689600")]
    [InlineData("")]
    public void Timestamp_ThatIsNone_IsRefused(string text) => Assert.Null(ProtoTime.ParseTimestamp(text));

    [Theory]
    [InlineData("300s", 300, 0)]
    [InlineData("-1.5s", -1, -500_000_000)]
    [InlineData("0.000000001s", 0, 1)]
    public void Duration_RoundTrips(string text, long seconds, int nanos)
    {
        var duration = ProtoTime.ParseDuration(text)!;

        Assert.Equal((seconds, nanos), (duration.Seconds, duration.Nanos));
        Assert.Equal(text == "-1.5s" ? "-1.500s" : text, ProtoTime.Text(duration));
    }

    [Theory]
    [InlineData("""{"tll":"300s"}""", "/tll")]
    [InlineData("""{"ttl":"5m"}""", "/ttl")]
    [InlineData("""{"coverage_bounds":[1.5]}""", "/coverage_bounds/0")]
    [InlineData("""{"artifact":{"rows":"many"}}""", "/artifact/rows")]
    [InlineData("""{"etag":"\ud800"}""", "/etag")]
    public void Reading_WhatDoesNotFit_NamesThePlace(string json, string pointer)
    {
        var failure = Assert.Throws<ProtoJsonException>(() => ProtoJson.Read<DecisionEnvelope>(json));

        Assert.Equal(pointer, Assert.Single(failure.Errors).Pointer);
    }

    [Theory]
    [InlineData("""{"series":{"a/b":{"returns":[1,2,"x"]}}}""", "/series/a~1b/returns/2")]
    [InlineData("""{"series":{"s":{"returns":[1,null]}}}""", "/series/s/returns/1")]
    [InlineData("""{"series":{"s":{"returns":[1e999]}}}""", "/series/s/returns/0")]
    [InlineData("""{"series":{"s":{"returns":[1],"returns":[2]}}}""", "/series/s/returns")]
    [InlineData("""{"metrics":{"s":{"a":1,"a":2}}}""", "/metrics/s/a")]
    [InlineData("""{"metrics":{"s":{},"s":{}}}""", "/metrics/s")]
    [InlineData("""{"metrics":{"s":{"a":[[1],[2,1e999]]}}}""", "/metrics/s/a/1/1")]
    [InlineData("""{"metrics":{"s":{"a\ud800":1}}}""", "/metrics/s/")]
    [InlineData("""{"none":{"a":[1,{"b":2}]},"run_id":"r"}""", "/none")]
    [InlineData("""{"run_id":[1,[2]],"stage":"backtest"}""", "/run_id")]
    public void Reading_WhatDoesNotFitInAnEvaluation_NamesThePlace(string json, string pointer)
    {
        var failure = Assert.Throws<ProtoJsonException>(() => ProtoJson.Read<EvaluateRequest>(json));

        Assert.Equal(pointer, Assert.Single(failure.Errors).Pointer);
    }

    [Theory]
    [InlineData("""{"none":1,"run_id":"r" """)]
    [InlineData("""{"none":1} {}""")]
    [InlineData("")]
    public void Reading_WhatIsNotJson_IsRefusedAsSuch_WhateverElseIsWrong(string json) => Assert.ThrowsAny<JsonException>(() => ProtoJson.Read<EvaluateRequest>(json));

    [Fact]
    public void Reading_ManyFaults_StopsAtSome()
    {
        var failure = Assert.Throws<ProtoJsonException>(() => ProtoJson.Read<EvaluateRequest>(WithReturns(Enumerable.Repeat("true", 10_000))));

        Assert.Equal(32, failure.Errors.Count);
    }

    [Fact]
    public void Reading_LongSeries_TakesEachNumberOnce()
    {
        var numbers = Enumerable.Range(0, 10_000).Select(i => i / 7.0).ToArray();

        var request = ProtoJson.Read<EvaluateRequest>(WithReturns(numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture))));

        Assert.Equal(numbers, request.Series["s"].Returns);
        Assert.Equal("long", request.Series["s"].Side);
    }

    [Fact]
    public void Reading_EndlessNesting_Ends() =>
        Assert.ThrowsAny<JsonException>(() => ProtoJson.Read<EvaluateRequest>($$"""{"metrics":{"s":{"a":{{new string('[', 10_000)}}"""));

    /// <summary>The package's own parser must take what we print, and we what its formatter prints.</summary>
    [Fact]
    public void Form_IsProtobufJson_ForTheStandardParserToo()
    {
        var snapshot = new RiskSnapshot
        {
            WorldId = "w",
            AsOf = Timestamp.FromDateTime(new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc)),
            Weights = { ["a"] = 0.6, ["b"] = 0.4 },
            RealizedReturns = Value.ForList(Value.ForNumber(0.1), Value.ForNull()),
            Stress = { ["crash"] = Struct.Parser.ParseJson("""{"dd":0.3}""") },
            TtlSec = 900,
            Hash = "",
        };
        var chunk = new DiffChunk { Crc32 = 7, QueueMap = { ["k"] = "t" }, NewNodes = { "n" }, Last = true };

        Assert.Equal(snapshot, RiskSnapshot.Parser.ParseJson(ProtoJson.Write(snapshot)));
        Assert.Equal(snapshot, ProtoJson.Read<RiskSnapshot>(JsonFormatter.Default.Format(snapshot)));
        Assert.Equal(chunk, DiffChunk.Parser.ParseJson(ProtoJson.Write(chunk)));
        Assert.Equal(chunk, ProtoJson.Read<DiffChunk>(JsonFormatter.Default.Format(chunk)));
    }

    private static string WithReturns(IEnumerable<string> numbers) => "{\"series\":{\"s\":{\"returns\":[" + string.Join(',', numbers) + "],\"side\":\"long\"}}}";

    private static void AssertJson(string expected, IMessage message)
    {
        var compact = string.Concat(expected.Split('\n').Select(line => line.Trim()));
        Assert.Equal(compact, ProtoJson.Write(message));
    }
}
