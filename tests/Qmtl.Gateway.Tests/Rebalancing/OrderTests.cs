using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Rebalancing;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Rebalancing;

/// <summary>From trades to orders: nothing appears, nothing is lost beyond a lot, and nobody gets somebody else's order.</summary>
public sealed class OrderTests
{
    private static readonly double[] LotSizes = [0, 1, 0.1, 0.001, 5];

    /// <summary>The same figures in every run: a failure names its seed.</summary>
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Split_OfAnyOrder_AddsUpToIt_AndEachPartIsWithinALotOfItsShare(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 50; round++)
        {
            var lot = LotSizes[random.Next(LotSizes.Length)];
            var parts = Enumerable.Range(0, random.Next(1, 7)).Select(index => new DeltaPart { WorldId = "w", StrategyId = $"s{index}", DeltaQty = (random.NextDouble() - 0.4) * 30 }).ToArray();
            var request = new MultiWorldRebalanceRequest { TotalEquity = 1 };
            if (lot > 0) request.LotSizeBySymbol["x"] = lot;
            var delta = new SymbolDelta { Symbol = "x", Mark = 10, DeltaQty = parts.Sum(part => part.DeltaQty), Parts = { parts } };
            var translation = new OrderTranslation(request, new RebalanceOptions());
            var translated = translation.Translate([delta], "w");
            if (translated.Orders.Count == 0)
            {
                Assert.True(Math.Abs(delta.DeltaQty) < lot);
                continue;
            }

            var order = translated.Orders.Single();
            var split = translation.Split(order).ToDictionary(part => part.StrategyId, part => part.Quantity, StringComparer.Ordinal);

            Assert.Equal(order.Order.Quantity, split.Values.Sum(), 9);
            Assert.InRange(Math.Abs(delta.DeltaQty) - Math.Abs(order.Order.Quantity), -1e-6, lot > 0 ? lot : 1e-6);
            foreach (var part in parts)
                Assert.InRange(split.GetValueOrDefault(part.StrategyId) - part.DeltaQty, -lot - 1e-6, lot + 1e-6);
            if (lot > 0) Assert.All(split.Values, quantity => Assert.Equal(Math.Round(quantity / lot), quantity / lot, 6));
        }
    }

    [Fact]
    public void Dropped_Order_ShiftsNobodysOrder()
    {
        // The first trade is below a lot: by position in a list, b would get its order.
        var request = new MultiWorldRebalanceRequest { TotalEquity = 1 };
        request.LotSizeBySymbol["small"] = 10;
        SymbolDelta Delta(string symbol, string strategy, double quantity) => new() { Symbol = symbol, Mark = 1, DeltaQty = quantity, Parts = { new DeltaPart { WorldId = "w", StrategyId = strategy, DeltaQty = quantity } } };
        var translation = new OrderTranslation(request, new RebalanceOptions());

        var translated = translation.Translate([Delta("small", "a", 3), Delta("x", "b", 5), Delta("y", "c", -7)], "w");

        Assert.Equal([("b", "x", 5.0), ("c", "y", -7.0)], translated.Orders.SelectMany(translation.Split).Select(order => (order.StrategyId, order.Symbol, order.Quantity)));
        Assert.Equal([("lot-size", "small")], translated.Violations.Select(violation => (violation.Code, violation.Symbol)));
    }

    [Theory]
    [InlineData(10, -4, true)]
    [InlineData(10, -10, true)]
    [InlineData(10, -11, false)]
    [InlineData(10, 4, false)]
    [InlineData(-10, 4, true)]
    [InlineData(-10, -4, false)]
    [InlineData(0, -4, false)]
    public void ReduceOnly_IffThePositionOnlyGetsSmaller(double position, double quantity, bool expected)
    {
        var request = new MultiWorldRebalanceRequest { Positions = { new Position { WorldId = "w", StrategyId = "s", Symbol = "x", Qty = position, Mark = 1 } } };
        var delta = new SymbolDelta { Symbol = "x", Mark = 1, DeltaQty = quantity, StrategyId = "s" };

        var order = new OrderTranslation(request, new RebalanceOptions()).Translate([delta], "w").Orders.Single().Order;

        Assert.Equal((expected, quantity > 0 ? "buy" : "sell"), (order.ReduceOnly == true, order.Side));
    }

    [Theory]
    [InlineData("binance", true, "IOC")]
    [InlineData("BINANCE", true, "IOC")]
    [InlineData("old", false, "DAY")]
    [InlineData("", false, "FOK")]
    public void Venue_DecidesFlagAndTimeInForce(string venue, bool reduceOnly, string timeInForce)
    {
        var options = new RebalanceOptions
        {
            Venues = new(StringComparer.Ordinal)
            {
                ["binance"] = new VenuePolicy { ReduceOnlyRequiresIoc = true },
                ["old"] = new VenuePolicy { SupportsReduceOnly = false, ReduceOnlyRequiresIoc = true, DefaultTimeInForce = "DAY" },
                ["*"] = new VenuePolicy { SupportsReduceOnly = false, DefaultTimeInForce = "FOK" },
            },
        };
        var request = new MultiWorldRebalanceRequest { Positions = { new Position { WorldId = "w", Symbol = "x", Qty = 10, Mark = 1, Venue = venue } } };

        var order = new OrderTranslation(request, options).Translate([new SymbolDelta { Symbol = "x", Venue = venue, Mark = 1, DeltaQty = -5 }], "w").Orders.Single().Order;

        Assert.Equal((reduceOnly, timeInForce), (order.ReduceOnly == true, order.TimeInForce));
    }

    [Theory]
    [InlineData(0, 5, "missing-mark")]
    [InlineData(double.NaN, 5, "missing-mark")]
    [InlineData(2, 0.9, "lot-size")]
    [InlineData(2, 4, "min-notional")]
    [InlineData(2, 5, "")]
    public void Trade_ThatMakesNoOrder_SaysWhy(double mark, double quantity, string code)
    {
        var request = new MultiWorldRebalanceRequest { MinTradeNotional = 10 };
        request.LotSizeBySymbol["x"] = 1;

        var translated = new OrderTranslation(request, new RebalanceOptions()).Translate([new SymbolDelta { Symbol = "x", Mark = mark, DeltaQty = quantity }], "w");

        Assert.Equal(code.Length == 0 ? [] : [code], translated.Violations.Select(violation => violation.Code));
        Assert.Equal(code.Length == 0 ? 1 : 0, translated.Orders.Count);
    }

    [Fact]
    public void Split_WithoutParts_GoesByPositions_ElseByIntendedShares()
    {
        var request = new MultiWorldRebalanceRequest
        {
            Positions = { new Position { WorldId = "w", StrategyId = "a", Symbol = "x", Qty = 3, Mark = 1 }, new Position { WorldId = "w", StrategyId = "b", Symbol = "x", Qty = -1, Mark = 1 } },
        };
        request.StrategyAllocAfterTotal["w"] = new Struct { Fields = { ["c"] = Value.ForNumber(0.3), ["d"] = Value.ForNumber(0.1) } };
        var translation = new OrderTranslation(request, new RebalanceOptions());
        IEnumerable<(string, double)> Split(string symbol) => translation.Split(translation.Translate([new SymbolDelta { Symbol = symbol, Mark = 1, DeltaQty = 8 }], "w").Orders.Single()).Select(order => (order.StrategyId, Math.Round(order.Quantity, 9)));

        Assert.Equal([("a", 6.0), ("b", 2.0)], Split("x"));
        Assert.Equal([("c", 6.0), ("d", 2.0)], Split("new"));
    }

    [Fact]
    public void SharedAccount_IsCheckedAfterNetting()
    {
        var request = new MultiWorldRebalanceRequest
        {
            TotalEquity = 1000,
            Positions = { new Position { WorldId = "a", Symbol = "x", Qty = 60, Mark = 10 }, new Position { WorldId = "b", Symbol = "x", Qty = -20, Mark = 10 } },
        };
        var net = new OrderTranslation(request, new RebalanceOptions()).Translate([new SymbolDelta { Symbol = "x", Mark = 10, DeltaQty = 20 }], "");
        string? Limit(Action<SharedAccountPolicy> set)
        {
            var policy = new SharedAccountPolicy { Enabled = true };
            set(policy);
            return (Record.Exception(() => SharedAccount.Check(request, net, policy)) as RefusalException)?.Metadata["limit"];
        }

        // 400 before and 600 after, netted: 0.4 of equity stays free.
        Assert.Null(Limit(policy => (policy.MaxGrossNotional, policy.MaxNetNotional, policy.MinMarginHeadroom) = (600, 600, 0.4)));
        Assert.Equal("max_gross_notional", Limit(policy => policy.MaxGrossNotional = 599));
        Assert.Equal("max_net_notional", Limit(policy => policy.MaxNetNotional = 599));
        Assert.Equal("min_margin_headroom", Limit(policy => policy.MinMarginHeadroom = 0.41));
        request.Positions.Add(new Position { WorldId = "a", Symbol = "y", Qty = 1 });
        Assert.Equal("missing_marks", Limit(_ => { }));
    }

    [Theory]
    [InlineData("live", false, null)]
    [InlineData("paper", false, null)]
    [InlineData("shadow", false, "E_SHADOW_ORDERS_BLOCKED")]
    [InlineData("validate", false, "E_ORDERS_BLOCKED")]
    [InlineData("compute-only", false, "E_ORDERS_BLOCKED")]
    [InlineData("surprise", false, "E_ORDERS_BLOCKED")]
    [InlineData("live", true, "E_ORDERS_BLOCKED")]
    [InlineData(null, true, "E_ORDERS_BLOCKED")]
    public void Guard_LetsOrdersThrough_OnlyOnAFreshDecisionForPaperOrLive(string? mode, bool stale, string? code)
    {
        var reading = new DecisionReading(mode is null ? null : new DecisionEnvelope { EffectiveMode = mode }, stale);

        var refusal = Record.Exception(() => { OrderGuard.Domain("w", reading); }) as RefusalException;

        Assert.Equal(code, refusal?.Code.Code);
    }
}
