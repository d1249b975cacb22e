using System.Diagnostics.Metrics;
using Qmtl.Identity;
using Qmtl.Messaging.Events;
using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.Docs.Tests;

/// <summary>The tables of api.md, written from the product.</summary>
internal static class ApiTables
{
    private const string Later = "later";
    private const string EventSources = "services";

    public static string ReasonCodeTable() => DocumentTables.Of(
        "| code | HTTP | gRPC | meaning |",
        ReasonCodes.All.Select(code => $"| `{code.Code}` | {code.HttpStatus} | {RefusalStatus.CodeOf(code)} | {code.Title} |"));

    public static string EventTable()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Documents.Root, EventSources), "*.cs", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != "EventType.cs" && !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .Select(File.ReadAllText).ToArray();
        return DocumentTables.Of(
            "| event | topic | |",
            EventCatalog.All.OrderBy(type => type.Topic, StringComparer.Ordinal).ThenBy(type => type.Name, StringComparer.Ordinal)
                .Select(type => $"| `{type.Name}` | `{type.Topic}` | {(Array.Exists(sources, source => source.Contains($"\"{type.Name}\"", StringComparison.Ordinal)) ? "" : Later)} |"));
    }

    public static async Task<string> RouteTableAsync(RunningStack stack)
    {
        var rows = new List<string>();
        foreach (var service in new[] { V1.WorldService.Descriptor, V1.Gateway.Descriptor, V1.DagManager.Descriptor })
        {
            var routes = RpcRoute.Of(service).ToLookup(route => route.Method);
            foreach (var rpc in service.Methods) rows.Add($"| {Paths(routes[rpc])} | `{service.Name}.{rpc.Name}` | {(await stack.ServesAsync(rpc) ? "" : Later)} |");
        }

        return DocumentTables.Of("| HTTP | rpc | |", rows);
    }

    public static string MetricTable(IEnumerable<Instrument> instruments) => DocumentTables.Of(
        "| metric | type | of | meaning |",
        instruments.OrderBy(instrument => instrument.Name, StringComparer.Ordinal)
            .Select(instrument => $"| `{instrument.Name}` | {Kind(instrument)} | {instrument.Meter.Name["Qmtl.".Length..]} | {instrument.Description} |"));

    private static string Paths(IEnumerable<RpcRoute> routes) =>
        string.Join("<br>", routes.Select(route => $"`{route.Verb} {route.Template}`")) is { Length: > 0 } paths ? paths : "gRPC only";

    private static string Kind(Instrument instrument)
    {
        var name = instrument.GetType().Name;
        if (name.Contains("Histogram", StringComparison.Ordinal)) return "histogram";
        return name.Contains("UpDown", StringComparison.Ordinal) || name.Contains("Gauge", StringComparison.Ordinal) ? "gauge" : "counter";
    }
}
