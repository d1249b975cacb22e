using Qmtl.Identity;
using Qmtl.WorldService.Rebalancing;

namespace Qmtl.WorldService.Tests.Rebalancing;

/// <summary>Plans worked out by hand.</summary>
public sealed class RebalancePlannerTests
{
    [Theory]
    [InlineData(0.4, 0.2, 0.5)]
    [InlineData(0.2, 0.4, 2)]
    [InlineData(0, 0.3, 1)]
    [InlineData(0, 0, 0)]
    [InlineData(0.3, 0, 0)]
    public void World_SharesBeforeAndAfter_GiveTheScale(double before, double after, double scale) => Assert.Equal(scale, Scales.World(before, after), 12);

    /// <summary>Whoever asks for less is heeded.</summary>
    [Theory]
    [InlineData(0.5, 0.25, 0.25)]
    [InlineData(0.5, 1, 0.5)]
    [InlineData(0.5, 3, 0.5)]
    [InlineData(2, 0.5, 0.5)]
    [InlineData(2, 1, 2)]
    [InlineData(2, 3, 3)]
    [InlineData(1, 1, 1)]
    public void Effective_EitherShrinks_TheSmallerHoldsElseTheLarger(double world, double strategy, double effective) => Assert.Equal(effective, Scales.Effective(world, strategy));

    /// <summary>World 0.4 to 0.2, a keeps 0.2, b 0.2 to 0.05, 200 held by each: the world must not end above its 200.</summary>
    [Fact]
    public void Plan_WorldShrinksAndAStrategyKeepsItsShare_EndsBelowTheWorldsShare()
    {
        var plan = RebalancePlanner.Plan(new RebalanceInputs
        {
            TotalEquity = 1_000,
            WorldBefore = Shares(("w", 0.4)),
            WorldAfter = Shares(("w", 0.2)),
            StrategyBefore = Strategies(("w", [("a", 0.2), ("b", 0.2)])),
            StrategyAfter = Strategies(("w", [("a", 0.2), ("b", 0.05)])),
            Positions = [new("w", "a", "", "X", 2, 100), new("w", "b", "", "Y", 4, 50)],
        });
        var world = Assert.Single(plan.Worlds);
        Assert.Equal((0.5, 0.5, 0.25), (world.Scale, world.Strategies["a"], world.Strategies["b"]));
        Assert.Equal((400, 150), (world.GrossBefore, world.GrossAfter));
        // a: 200 · (0.5 − 1) / 100 = −1; b: 200 · (0.25 − 1) / 50 = −3.
        Assert.Equal([("X", -1.0, "a"), ("Y", -3.0, "b")], world.Trades.Select(trade => (trade.Symbol, trade.Quantity, trade.StrategyId)));
        Assert.Empty(plan.Warnings);
    }

    [Fact]
    public void Plan_StrategySharesAreNotGiven_PositionsSayWhatItHad()
    {
        // a holds 300 of 1000, that is 0.3; it may hold 0.15 from now on.
        var plan = RebalancePlanner.Plan(Inputs("w", 0.5, 0.5, [new("w", "a", "", "X", 3, 100)]) with { StrategyAfter = Strategies(("w", [("a", 0.15)])) });
        Assert.Equal(-1.5, Assert.Single(plan.Worlds[0].Trades).Quantity, 12);
    }

    [Fact]
    public void Plan_StrategyHasNoShareAfter_IsClosed()
    {
        var plan = RebalancePlanner.Plan(Inputs("w", 0.5, 0.5, [new("w", "a", "", "X", 3, 100), new("w", "b", "", "Y", -2, 10)]) with { StrategyAfter = Strategies(("w", [("b", 0.02)])) });
        Assert.Equal([("X", -3.0)], plan.Worlds[0].Trades.Select(trade => (trade.Symbol, trade.Quantity)));
    }

    [Fact]
    public void Plan_MarksOfOneSymbolDiffer_ClosingSellsWhatThereIs()
    {
        // −430 / the mean mark of 105 would sell 4.095 of 4.
        var plan = RebalancePlanner.Plan(Inputs("w", 0.5, 0, [new("w", "a", "", "X", 1, 100), new("w", "b", "", "X", 3, 110)]));
        var trade = Assert.Single(plan.Worlds[0].Trades);
        Assert.Equal((-4.0, -430.0, 107.5, ""), (trade.Quantity, trade.Notional, trade.Mark, trade.StrategyId));
        Assert.Equal([("a", -1.0), ("b", -3.0)], trade.Parts.Select(part => (part.StrategyId, part.Quantity)));
    }

    [Fact]
    public void Plan_VenuesOfOneSymbol_TradeApart()
    {
        var plan = RebalancePlanner.Plan(Inputs("w", 0.4, 0.2, [new("w", "a", "v2", "X", 2, 10), new("w", "a", "v1", "X", 4, 10)]));
        Assert.Equal([("v1", -2.0), ("v2", -1.0)], plan.Worlds[0].Trades.Select(trade => (trade.Venue, trade.Quantity)));
    }

    [Theory]
    [InlineData(0.3, -0.6)]
    [InlineData(0.1, -0.7)]
    [InlineData(0.8, 0)]
    [InlineData(0.07, -0.7)]
    public void Plan_Lots_RoundTowardsZero(double lot, double quantity)
    {
        // 1 · (0.3 − 1) = −0.7.
        var plan = RebalancePlanner.Plan(Inputs("w", 1, 0.3, [new("w", "a", "", "X", 1, 100)]) with { Lots = Shares(("X", lot)) });
        Assert.Equal(quantity, plan.Worlds[0].Trades.Sum(trade => trade.Quantity), 12);
        Assert.Equal(-70 - (quantity * 100), plan.Worlds[0].Residual, 9);
    }

    [Fact]
    public void Plan_PartOfALot_IsSharedOutByIds()
    {
        // a −1.25 and b −0.5 make −1.75; one lot is traded, of which a has 5/7 and b 2/7.
        var plan = RebalancePlanner.Plan(Inputs("w", 1, 0.5, [new("w", "b", "", "X", 1, 10), new("w", "a", "", "X", 2.5, 10)]) with { Lots = Shares(("X", 1)) });
        var trade = Assert.Single(plan.Worlds[0].Trades);
        Assert.Equal(-1, trade.Quantity);
        Assert.Equal(("a", -5 / 7.0), (trade.Parts[0].StrategyId, Math.Round(trade.Parts[0].Quantity, 12)), new Near());
        Assert.Equal(-1, trade.Parts.Sum(part => part.Quantity), 12);
    }

    [Fact]
    public void Plan_SmallTrades_AreDropped()
    {
        var positions = new RebalancePosition[] { new("w", "a", "", "X", 1, 100), new("w", "a", "", "Y", 1, 10) };
        var plan = RebalancePlanner.Plan(Inputs("w", 0.4, 0.2, positions) with { MinTradeNotional = 50 });
        Assert.Equal("X", Assert.Single(plan.Worlds[0].Trades).Symbol);
        Assert.Equal(-5, plan.Worlds[0].Residual, 12);
    }

    [Fact]
    public void Plan_OneWorldBuysWhatAnotherSells_NothingIsNetted()
    {
        var plan = RebalancePlanner.Plan(new RebalanceInputs
        {
            TotalEquity = 1_000,
            WorldBefore = Shares(("u", 0.2), ("w", 0.2)),
            WorldAfter = Shares(("u", 0.1), ("w", 0.4)),
            Positions = [new("u", "a", "", "X", 4, 10), new("w", "b", "", "X", 2, 10), new("w", "b", "", "Z", 1, 10)],
        });
        Assert.Equal([("u", -2.0), ("w", 2.0)], plan.Worlds.Select(world => (world.WorldId, world.Trades[0].Quantity)));
        Assert.Equal([("Z", 1.0)], plan.Net.Select(trade => (trade.Symbol, trade.Quantity)));
    }

    [Fact]
    public void Overlay_TheWorldShrinks_IsHedgedByItsInstrument()
    {
        // Net exposure 300 − 100 = 200, to be halved: −100 at 40 is −2.5 contracts, in lots of 1 that is −2, which leaves −20.
        var plan = RebalancePlanner.Plan(Inputs("w", 0.4, 0.2, [new("w", "a", "", "X", 3, 100), new("w", "b", "", "Y", -1, 100)]) with
        {
            Mode = RebalanceMode.Overlay,
            Overlay = Instruments(("w", "FUT", 40)),
            Lots = Shares(("FUT", 1)),
        });
        var world = Assert.Single(plan.Worlds);
        Assert.Empty(world.Trades);
        Assert.Equal(("FUT", -2.0, "w", ""), (world.Hedge!.Symbol, world.Hedge.Quantity, world.Hedge.WorldId, world.Hedge.StrategyId));
        Assert.Equal(-20, world.Residual, 9);
    }

    [Fact]
    public void Overlay_InstrumentOrPriceIsMissing_IsRefused()
    {
        var inputs = Inputs("w", 0.4, 0.2, [new("w", "a", "", "X", 3, 100)]) with { Mode = RebalanceMode.Overlay };
        Assert.Contains("instrument_by_world", Assert.Throws<RefusalException>(() => RebalancePlanner.Plan(inputs)).Message, StringComparison.Ordinal);
        var unpriced = inputs with { Overlay = new OverlayInstruments(new Dictionary<string, string>(StringComparer.Ordinal) { ["w"] = "FUT" }, Shares(), 0) };
        Assert.Contains("price_by_symbol", Assert.Throws<RefusalException>(() => RebalancePlanner.Plan(unpriced)).Message, StringComparison.Ordinal);
        Assert.Null(RebalancePlanner.Plan(inputs with { WorldAfter = Shares(("w", 0.4)) }).Worlds[0].Hedge);
    }

    [Fact]
    public void Hybrid_WhatCannotBeTraded_IsHedged()
    {
        // X can be traded in lots of 1: 3 · −0.5 = −1.5 becomes −1, −50 are left. Y is halted: −100 are left. The hedge sells 150 at 50.
        var plan = RebalancePlanner.Plan(Inputs("w", 0.4, 0.2, [new("w", "a", "", "X", 3, 100), new("w", "b", "", "Y", 2, 100, NoTrade: true)]) with
        {
            Mode = RebalanceMode.Hybrid,
            Overlay = Instruments(("w", "FUT", 50)),
            Lots = Shares(("X", 1)),
        });
        var world = Assert.Single(plan.Worlds);
        Assert.Equal([("X", -1.0)], world.Trades.Select(trade => (trade.Symbol, trade.Quantity)));
        Assert.Equal(("FUT", -3.0, 0.0), (world.Hedge!.Symbol, world.Hedge.Quantity, world.Residual));
    }

    [Fact]
    public void Hybrid_EverythingCanBeTraded_NeedsNoInstrument() =>
        Assert.Null(RebalancePlanner.Plan(Inputs("w", 0.4, 0.2, [new("w", "a", "", "X", 3, 100)]) with { Mode = RebalanceMode.Hybrid }).Worlds[0].Hedge);

    [Fact]
    public void Scaling_PositionThatCannotBeTraded_StaysAndIsMentioned()
    {
        var plan = RebalancePlanner.Plan(Inputs("w", 0.4, 0.2, [new("w", "b", "", "Y", 2, 100, NoTrade: true)]));
        Assert.Empty(plan.Worlds[0].Trades);
        Assert.Equal(-100, plan.Worlds[0].Residual);
        Assert.Contains("cannot be traded", Assert.Single(plan.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_GrowthExceedsTheWorldsShare_IsMentioned()
    {
        // The world doubles, b triples, and a grows with the world: 100 · 2 + 100 · 3 = 500 where 400 are carried.
        var plan = RebalancePlanner.Plan(Inputs("w", 0.2, 0.4, [new("w", "a", "", "X", 1, 100), new("w", "b", "", "Y", 1, 100)]) with
        {
            StrategyBefore = Strategies(("w", [("a", 0.1), ("b", 0.1)])),
            StrategyAfter = Strategies(("w", [("a", 0.1), ("b", 0.3)])),
        });
        Assert.Equal((2.0, 3.0), (plan.Worlds[0].Strategies["a"], plan.Worlds[0].Strategies["b"]), new NearPair());
        Assert.Contains("500", Assert.Single(plan.Warnings), StringComparison.Ordinal);
    }

    internal static RebalanceInputs Inputs(string world, double before, double after, RebalancePosition[] positions) =>
        new() { TotalEquity = 1_000, WorldBefore = Shares((world, before)), WorldAfter = Shares((world, after)), Positions = positions };

    internal static Dictionary<string, double> Shares(params (string Key, double Share)[] shares) => shares.ToDictionary(pair => pair.Key, pair => pair.Share, StringComparer.Ordinal);

    internal static Dictionary<string, IReadOnlyDictionary<string, double>> Strategies(params (string World, (string Strategy, double Share)[] Shares)[] worlds) =>
        worlds.ToDictionary(pair => pair.World, pair => (IReadOnlyDictionary<string, double>)Shares(pair.Shares), StringComparer.Ordinal);

    internal static OverlayInstruments Instruments(params (string World, string Symbol, double Price)[] instruments) => new(
        instruments.ToDictionary(entry => entry.World, entry => entry.Symbol, StringComparer.Ordinal),
        instruments.DistinctBy(entry => entry.Symbol).ToDictionary(entry => entry.Symbol, entry => entry.Price, StringComparer.Ordinal),
        0);

    private sealed class Near : IEqualityComparer<(string, double)>
    {
        public bool Equals((string, double) x, (string, double) y) => x.Item1 == y.Item1 && Math.Abs(x.Item2 - y.Item2) < 1e-9;

        public int GetHashCode((string, double) obj) => 0;
    }

    private sealed class NearPair : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) x, (double, double) y) => Math.Abs(x.Item1 - y.Item1) < 1e-9 && Math.Abs(x.Item2 - y.Item2) < 1e-9;

        public int GetHashCode((double, double) obj) => 0;
    }
}
