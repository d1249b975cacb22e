using System.Globalization;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.WorldService.Allocation;

/// <summary>What a set of shares must satisfy. Pure.</summary>
internal static class AllocationRules
{
    // Shares such as 0.1 + 0.2 + 0.7 add up to 1 only up to rounding.
    private const double Tolerance = 1e-9;

    public static void Check(PostAllocationsRequest request)
    {
        if (request.RunId.Length is 0 or > 200) throw Refuse.Field("/run_id", "must be 1 to 200 characters");
        if (!(request.TotalEquity > 0) || !double.IsFinite(request.TotalEquity)) throw Refuse.Field("/total_equity", string.Create(CultureInfo.InvariantCulture, $"must be above 0, was {request.TotalEquity}"));
        if (request.WorldAllocations.Count == 0) throw Refuse.Field("/world_allocations", "must name at least one world");
        foreach (var (world, share) in request.WorldAllocations) CheckShare(Pointer("world_allocations", world), share);
        CheckSum("/world_allocations", request.WorldAllocations.Values.Sum(), 1);
        RefuseWhatIsNotPlanned(request);
        foreach (var (world, shares) in request.StrategyAllocAfterTotal)
        {
            var pointer = Pointer("strategy_alloc_after_total", world);
            if (!request.WorldAllocations.TryGetValue(world, out var share)) throw Refuse.Field(pointer, $"'{world}' has no share in world_allocations");
            CheckSum(pointer, ReadShares(shares, pointer).Values.Sum(), share);
        }
    }

    /// <summary>Strategy ids to shares of the total equity.</summary>
    public static Dictionary<string, double> ReadShares(Struct shares, string pointer)
    {
        var read = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (strategy, value) in shares.Fields)
        {
            var here = Policies.Documents.JsonPointer.Child(pointer, strategy);
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
        using var document = CanonicalJson.Parse(System.Text.Encoding.UTF8.GetBytes(Json.Write(content)));
        return ContentHash.Stable(CanonicalJson.Read(document.RootElement));
    }

    public static double Unallocated(MapField<string, double> shares) => Math.Max(0, 1 - shares.Values.Sum());

    /// <summary>Trades are planned by the rebalancing rpcs; asking for them here must not pass unnoticed.</summary>
    private static void RefuseWhatIsNotPlanned(PostAllocationsRequest request)
    {
        if (request.Positions.Count > 0 || request.StrategyAllocBeforeTotal.Count > 0) throw NotPlanned("/positions", "trades are not planned from positions yet; leave positions and strategy_alloc_before_total out");
        if (request.Mode is not ("" or "scaling") || request.Overlay is not null) throw NotPlanned("/mode", "modes other than scaling are not served yet");
        if (request.Execute) throw new RefusalException(ReasonCodes.ExecutorMissing, "No executor is configured; set the shares with execute=false.");
    }

    private static RefusalException NotPlanned(string pointer, string message) => Refuse.Field(ReasonCodes.NotImplemented, pointer, message);

    private static void CheckShare(string pointer, double share)
    {
        if (!(share >= 0 && share <= 1)) throw Refuse.Field(pointer, string.Create(CultureInfo.InvariantCulture, $"must be 0 to 1, was {share}"));
    }

    private static void CheckSum(string pointer, double sum, double most)
    {
        if (sum > most + Tolerance) throw Refuse.Field(ReasonCodes.AllocationSum, pointer, string.Create(CultureInfo.InvariantCulture, $"the shares add up to {sum:G6}, which is more than {most:G6}"));
    }

    private static string Pointer(string field, string key) => Policies.Documents.JsonPointer.Child("/" + field, key);
}
