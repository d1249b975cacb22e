using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Rebalancing;
using JsonPointer = Qmtl.WorldService.Policies.Documents.JsonPointer;

namespace Qmtl.WorldService.Allocation;

/// <summary>What a set of shares must satisfy. Pure.</summary>
internal static class AllocationRules
{
    // Shares such as 0.1 + 0.2 + 0.7 add up to 1 only up to rounding.
    private const double Tolerance = 1e-9;

    public static void Check(PostAllocationsRequest request)
    {
        CheckRunId(request.RunId, "/run_id");
        if (!(request.TotalEquity > 0) || !double.IsFinite(request.TotalEquity)) throw Refuse.Field("/total_equity", string.Create(CultureInfo.InvariantCulture, $"must be above 0, was {request.TotalEquity}"));
        if (request.WorldAllocations.Count == 0) throw Refuse.Field("/world_allocations", "must name at least one world");
        foreach (var (world, share) in request.WorldAllocations) CheckShare(JsonPointer.Child("/world_allocations", world), share);
        CheckSum("/world_allocations", request.WorldAllocations.Values.Sum(), 1);
        if (request.Execute) throw new RefusalException(ReasonCodes.ExecutorMissing, "No executor is configured; set the shares with execute=false and send the plan on yourself.");
    }

    /// <summary>What the plan of these shares depends on, given how they stand now.</summary>
    /// <param name="request">The shares wanted.</param>
    /// <param name="current">The rows of the worlds named, as far as they have one.</param>
    public static RebalanceInputs PlanInputs(PostAllocationsRequest request, IReadOnlyDictionary<string, AllocationRow> current)
    {
        var before = RebalanceReader.Strategies(request.StrategyAllocBeforeTotal, "/strategy_alloc_before_total", request.WorldAllocations, capped: false);
        foreach (var (world, row) in current)
        {
            if (row.Strategies is { Count: > 0 } known) before.TryAdd(world, known);
        }

        return new RebalanceInputs
        {
            TotalEquity = request.TotalEquity,
            WorldBefore = current.ToDictionary(pair => pair.Key, pair => pair.Value.Allocation, StringComparer.Ordinal),
            WorldAfter = request.WorldAllocations,
            StrategyBefore = before,
            StrategyAfter = RebalanceReader.Strategies(request.StrategyAllocAfterTotal, "/strategy_alloc_after_total", request.WorldAllocations, capped: true),
            Positions = RebalanceReader.Positions(request.Positions, request.WorldAllocations),
            MinTradeNotional = RebalanceReader.NotBelow(request.MinTradeNotional, "/min_trade_notional"),
            Lots = RebalanceReader.Prices(request.LotSizeBySymbol, "/lot_size_by_symbol"),
            Mode = RebalanceReader.ReadMode(request.Mode),
            Overlay = RebalanceReader.Overlay(request.Overlay),
        };
    }

    /// <summary>Strategy ids to shares of the total equity.</summary>
    public static Dictionary<string, double> ReadShares(Struct shares, string pointer)
    {
        var read = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (strategy, value) in shares.Fields)
        {
            var here = JsonPointer.Child(pointer, strategy);
            if (value.KindCase != Value.KindOneofCase.NumberValue) throw Refuse.Field(here, "must be a number from 0 to 1");
            CheckShare(here, value.NumberValue);
            read[strategy] = value.NumberValue;
        }

        return read;
    }

    /// <summary>Equal for equal content, whatever the run is called.</summary>
    public static string EtagOf(PostAllocationsRequest request)
    {
        var content = request.Clone();
        content.RunId = "";
        content.Etag = "";
        content.Execute = false;
        return HashOf(content);
    }

    /// <summary>The stable hash of a message.</summary>
    public static string HashOf(IMessage message)
    {
        using var document = CanonicalJson.Parse(Encoding.UTF8.GetBytes(Json.Write(message)));
        return ContentHash.Stable(CanonicalJson.Read(document.RootElement));
    }

    public static void CheckRunId(string runId, string pointer)
    {
        if (runId.Length is 0 or > 200) throw Refuse.Field(pointer, "must be 1 to 200 characters");
    }

    public static void CheckShare(string pointer, double share)
    {
        if (!(share >= 0 && share <= 1)) throw Refuse.Field(pointer, string.Create(CultureInfo.InvariantCulture, $"must be 0 to 1, was {share}"));
    }

    public static void CheckSum(string pointer, double sum, double most)
    {
        if (sum > most + Tolerance) throw Refuse.Field(ReasonCodes.AllocationSum, pointer, string.Create(CultureInfo.InvariantCulture, $"the shares add up to {sum:G6}, which is more than {most:G6}"));
    }

    /// <summary>Worlds that a run does not name keep their shares, and those count too.</summary>
    public static void CheckTotal(double total, string pointer)
    {
        if (total > 1 + Tolerance)
            throw Refuse.Field(ReasonCodes.AllocationSum, pointer, string.Create(CultureInfo.InvariantCulture, $"together with the worlds that are not named the shares add up to {total:G6}, which is more than 1"));
    }
}
