using System.Text.RegularExpressions;
using Qmtl.V1;

namespace Qmtl.Protos.Tests;

/// <summary>What every file of the contract keeps to.</summary>
public sealed partial class ContractLintTests
{
    [Fact]
    public void EveryDeclaration_HasAComment()
    {
        var bare = Contract.Files.SelectMany(Undocumented).ToList();

        Assert.True(bare.Count == 0, "Without a comment: " + string.Join("; ", bare.Take(20)));
    }

    [Fact]
    public void EveryRpc_HasARouteOrSaysWhyNot()
    {
        var text = string.Join('\n', Contract.Files.Select(file => File.ReadAllText(Path.Combine(Contract.Folder, file))));
        foreach (var service in Contract.Services)
        {
            var routed = Contract.Routes(service).Select(route => route.Split(' ')[2]).ToHashSet(StringComparer.Ordinal);
            foreach (var method in service.Methods.Where(method => !routed.Contains(method.Name)))
                Assert.Matches($@"// [^\n]*gRPC only: [^\n]+\n\s*rpc {method.Name}\(", text);
        }
    }

    [Fact]
    public void EveryRoute_IsServedOnce()
    {
        foreach (var service in Contract.Services)
        {
            var shapes = Contract.Routes(service).Select(route => Variable().Replace(route[..route.LastIndexOf(' ')], "{}")).ToList();
            Assert.Equal(shapes.Distinct(StringComparer.Ordinal), shapes);
        }
    }

    [Fact]
    public void EveryName_FollowsTheStyle()
    {
        foreach (var message in Contract.Messages())
        {
            Assert.Matches("^[A-Z][A-Za-z0-9]*$", message.Name);
            foreach (var field in message.Fields.InDeclarationOrder()) Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", field.Name);
        }

        foreach (var method in Contract.Services.SelectMany(service => service.Methods)) Assert.Matches("^[A-Z][A-Za-z0-9]*$", method.Name);
    }

    [Fact]
    public void EveryFile_DeclaresItsNamespaceAndPackage()
    {
        foreach (var file in Contract.Files)
        {
            var text = File.ReadAllText(Path.Combine(Contract.Folder, file));
            var package = Path.GetDirectoryName(file)!.Replace('\\', '/').Replace('/', '.');
            Assert.Contains($"package {package};", text, StringComparison.Ordinal);
            Assert.Contains("option csharp_namespace = ", text, StringComparison.Ordinal);
        }
    }

    /// <summary>People read numbers; protobuf JSON prints 64-bit integers as strings unless told otherwise.</summary>
    [Fact]
    public void SixtyFourBitFields_PrintAsNumbers_WhereTheyReachJson()
    {
        var onlyGrpc = new[] { QueueStatsResponse.Descriptor.FullName, SubscribeRequest.Descriptor.FullName };
        var offending =
            from message in Contract.Messages()
            where !onlyGrpc.Contains(message.FullName, StringComparer.Ordinal)
            from field in message.Fields.InDeclarationOrder()
            where field.FieldType is Google.Protobuf.Reflection.FieldType.Int64 or Google.Protobuf.Reflection.FieldType.UInt64
            where field.GetOptions()?.Jstype != Google.Protobuf.Reflection.FieldOptions.Types.JSType.JsNumber
            select field.FullName;

        Assert.Empty(offending);
    }

    /// <summary>
    /// A published field keeps its number, name and type for good. Additions pass; to publish them, run with QMTL_UPDATE_BASELINE naming the baseline file.
    /// </summary>
    [Fact]
    public void PublishedFields_AreNeverChangedOrReused()
    {
        var now = Contract.Lines().ToHashSet(StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable("QMTL_UPDATE_BASELINE") is { Length: > 0 } file) File.WriteAllLines(file, now.Order(StringComparer.Ordinal));
        var published = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "contract.baseline.txt")).Where(line => line.Length > 0);

        var broken = published.Where(line => !now.Contains(line)).ToList();

        Assert.True(broken.Count == 0, "Changed or removed: " + string.Join("; ", broken.Take(20)));
    }

    [Theory]
    [InlineData("POST /worlds")]
    [InlineData("GET /worlds/{world_id}/describe")]
    [InlineData("POST /worlds/{world_id}/policies")]
    [InlineData("POST /worlds/{world_id}/set-default")]
    [InlineData("POST /worlds/{world_id}/bindings")]
    [InlineData("POST /worlds/{world_id}/decisions")]
    [InlineData("GET /worlds/{world_id}/decide")]
    [InlineData("GET /worlds/{world_id}/activation")]
    [InlineData("PUT /worlds/{world_id}/activation")]
    [InlineData("GET /worlds/{world_id}/{topic}/state_hash")]
    [InlineData("POST /worlds/{world_id}/evaluate")]
    [InlineData("POST /worlds/{world_id}/evaluate-cohort")]
    [InlineData("POST /worlds/{world_id}/apply")]
    [InlineData("GET /worlds/{world_id}/audit")]
    [InlineData("GET /worlds/{world_id}/edges/overrides")]
    [InlineData("PUT /worlds/{world_id}/edges/{src}/{dst}")]
    [InlineData("GET /worlds/{world_id}/validations/invariants")]
    [InlineData("GET /worlds/{world_id}/strategies/{strategy_id}/runs/{run_id}/metrics")]
    [InlineData("GET /worlds/{world_id}/campaign/status")]
    [InlineData("POST /worlds/{world_id}/campaign/tick")]
    [InlineData("POST /worlds/{world_id}/promotions/live/auto-apply")]
    [InlineData("POST /worlds/live-monitoring/run-all")]
    [InlineData("POST /allocations")]
    [InlineData("POST /rebalancing/plan")]
    [InlineData("GET /risk-hub/worlds/{world_id}/snapshots/latest")]
    [InlineData("POST /strategies")]
    [InlineData("POST /strategies/dry-run")]
    [InlineData("GET /strategies/{strategy_id}/status")]
    [InlineData("GET /queues/by_tag")]
    [InlineData("POST /events/subscribe")]
    [InlineData("GET /events")]
    [InlineData("POST /fills")]
    [InlineData("POST /rebalancing/execute")]
    [InlineData("POST /admin/gc-trigger")]
    public void PublicRoute_IsInTheContract(string route) =>
        Assert.Contains(Contract.Services.SelectMany(Contract.Routes), served => served.StartsWith(route + " ", StringComparison.Ordinal));

    private static IEnumerable<string> Undocumented(string file)
    {
        var before = "";
        var number = 0;
        foreach (var line in File.ReadLines(Path.Combine(Contract.Folder, file)).Select(line => line.Trim()))
        {
            number++;
            if (Declaration().IsMatch(line) && !before.StartsWith("//", StringComparison.Ordinal)) yield return $"{file}:{number} {line}";
            if (line.Length > 0) before = line;
        }
    }

    [GeneratedRegex(@"^(message|service|rpc|oneof|enum|extend)\b|^(repeated )?[\w.]+(<.*>)? \w+ = \d+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\{\w+\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
