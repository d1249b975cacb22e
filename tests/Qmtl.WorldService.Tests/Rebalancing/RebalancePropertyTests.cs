using FsCheck;
using FsCheck.Fluent;
using Qmtl.WorldService.Rebalancing;

namespace Qmtl.WorldService.Tests.Rebalancing;

/// <summary>What holds for every plan.</summary>
public sealed class RebalancePropertyTests
{
    private static readonly string[] Worlds = ["u", "v", "w"];
    private static readonly string[] Symbols = ["AAA", "BBB", "CCC", "DDD"];

    [Fact]
    public void Net_AllWorlds_AddUpToTheAccount() => Check(random =>
    {
        var plan = RebalancePlanner.Plan(Scene(random));
        foreach (var symbol in plan.Worlds.SelectMany(world => world.Trades).Select(trade => (trade.Venue, trade.Symbol)).Distinct())
        {
            var worlds = plan.Worlds.SelectMany(world => world.Trades).Where(trade => (trade.Venue, trade.Symbol) == symbol).Sum(trade => trade.Quantity);
            var account = plan.Net.Where(trade => (trade.Venue, trade.Symbol) == symbol).Sum(trade => trade.Quantity);
            if (Math.Abs(worlds - account) > 1e-9) return false;
        }

        return plan.Net.Select(trade => (trade.Venue, trade.Symbol)).Distinct().Count() == plan.Net.Count;
    });

    [Fact]
    public void Parts_EveryTrade_AddUpToItAndNameTheirStrategies() => Check(random =>
    {
        var inputs = Scene(random);
        var owners = inputs.Positions.Select(position => (position.WorldId, position.StrategyId, position.Symbol)).ToHashSet();
        var plan = RebalancePlanner.Plan(inputs);
        return plan.Worlds.SelectMany(world => world.Trades).Concat(plan.Net).All(trade =>
            Math.Abs(trade.Parts.Sum(part => part.Quantity) - trade.Quantity) < 1e-6
            && trade.Parts.All(part => owners.Contains((part.WorldId, part.StrategyId, trade.Symbol))));
    });

    [Fact]
    public void Scaling_AWorldGoesToZero_ClosesEverything() => Check(random =>
    {
        var scene = Scene(random);
        var inputs = scene with
        {
            WorldAfter = scene.WorldAfter.ToDictionary(pair => pair.Key, _ => 0.0, StringComparer.Ordinal),
            StrategyAfter = RebalancePlannerTests.Strategies(),
            MinTradeNotional = 0,
            Lots = RebalancePlannerTests.Shares(),
            Mode = RebalanceMode.Scaling,
            Positions = [.. scene.Positions.Select(position => position with { NoTrade = false })],
        };
        var plan = RebalancePlanner.Plan(inputs);
        return inputs.Positions.GroupBy(position => (position.WorldId, position.Venue, position.Symbol)).All(group =>
        {
            var traded = plan.Worlds.Single(world => world.WorldId == group.Key.WorldId).Trades.Where(trade => (trade.Venue, trade.Symbol) == (group.Key.Venue, group.Key.Symbol)).Sum(trade => trade.Quantity);
            return Math.Abs(group.Sum(position => position.Quantity) + traded) < 1e-9;
        });
    });

    [Fact]
    public void Plan_SharesStayAsTheyAre_IsEmpty() => Check(random =>
    {
        // A world without a share holds nothing by right, so what it holds is closed; here all have one.
        var shares = Worlds.ToDictionary(world => world, _ => 0.01 + (random.NextDouble() / 4), StringComparer.Ordinal);
        var plan = RebalancePlanner.Plan(Scene(random) with { WorldBefore = shares, WorldAfter = shares, StrategyAfter = RebalancePlannerTests.Strategies() });
        return plan.Net.Count == 0 && plan.Worlds.All(world => world.Trades.Count == 0 && world.Hedge is null && world.Residual == 0);
    });

    [Fact]
    public void Trades_LotsAndSmallestTrades_AreRespected() => Check(random =>
    {
        var inputs = Scene(random);
        return RebalancePlanner.Plan(inputs).Worlds.All(world => world.Trades.All(trade =>
        {
            var lots = inputs.Lots.TryGetValue(trade.Symbol, out var lot) ? trade.Quantity / lot : 0;
            var wanted = inputs.Positions.Where(position => position.WorldId == world.WorldId && position.Venue == trade.Venue && position.Symbol == trade.Symbol && !position.NoTrade)
                .Sum(position => position.Notional * (world.Strategies[position.StrategyId] - 1));
            return Math.Abs(lots - Math.Round(lots)) < 1e-6 && Math.Abs(wanted) >= inputs.MinTradeNotional && Math.Abs(trade.Notional) <= Math.Abs(wanted) * (1 + 1e-9) && trade.Notional * wanted > 0;
        }));
    });

    [Fact]
    public void Plan_PositionsInOtherOrder_IsTheSame() => Check(random =>
    {
        var inputs = Scene(random);
        var shuffled = inputs.Positions.ToArray();
        random.Shuffle(shuffled);
        var (one, other) = (RebalancePlanner.Plan(inputs), RebalancePlanner.Plan(inputs with { Positions = shuffled }));
        return RebalanceMessages.ToMessage(one, 2).Equals(RebalanceMessages.ToMessage(other, 2));
    });

    [Fact]
    public void Hybrid_TradesAndHedge_ReachTheNetExposureWanted() => Check(random =>
    {
        var inputs = Scene(random) with { Mode = RebalanceMode.Hybrid };
        return RebalancePlanner.Plan(inputs).Worlds.All(world =>
        {
            var wanted = inputs.Positions.Where(position => position.WorldId == world.WorldId).Sum(position => position.Notional * (world.Strategies[position.StrategyId] - 1));
            var reached = world.Trades.Sum(trade => trade.Notional) + (world.Hedge?.Notional ?? 0);
            // What is left is less than a lot of the hedge (10 units of 25).
            return Math.Abs(wanted - reached - world.Residual) < 1e-6 * Math.Max(1, Math.Abs(wanted)) && Math.Abs(world.Residual) <= 250 + 1e-6;
        });
    });

    /// <summary>A shrinking world ends at or below its share of what it held, whatever its strategies ask for.</summary>
    [Fact]
    public void Scaling_AWorldShrinks_NeverEndsAboveItsShare() => Check(random =>
        RebalancePlanner.Plan(Scene(random)).Worlds.All(world => world.Scale >= 1 || world.GrossAfter <= (world.GrossBefore * world.Scale) + 1e-9));

    private static RebalanceInputs Scene(Random random)
    {
        var (before, after) = (Worlds.ToDictionary(world => world, _ => Share(random) / 3, StringComparer.Ordinal), Worlds.ToDictionary(world => world, _ => Share(random) / 3, StringComparer.Ordinal));
        var strategies = Worlds.Where(_ => random.Next(2) == 0).Select(world => (world, new[] { ("a", after[world] / 2), ("b", after[world] * random.NextDouble() / 2) })).ToArray();
        return new RebalanceInputs
        {
            TotalEquity = 100_000,
            WorldBefore = before,
            WorldAfter = after,
            StrategyBefore = random.Next(2) == 0 ? RebalancePlannerTests.Strategies() : RebalancePlannerTests.Strategies([.. strategies.Select(entry => (entry.world, new[] { ("a", before[entry.world] / 2) }))]),
            StrategyAfter = RebalancePlannerTests.Strategies(strategies),
            Positions = [.. Enumerable.Range(0, random.Next(1, 15)).Select(_ => new RebalancePosition(
                Worlds[random.Next(3)], random.Next(2) == 0 ? "a" : "b", random.Next(3) == 0 ? "venue" : "", Symbols[random.Next(4)], Math.Round((random.NextDouble() * 200) - 80, 2), 5 + random.Next(100), random.Next(8) == 0))],
            MinTradeNotional = random.Next(3) * 100,
            Lots = random.Next(2) == 0 ? RebalancePlannerTests.Shares() : RebalancePlannerTests.Shares(("AAA", 1), ("BBB", 0.1), ("FUT", 10)),
            Mode = (RebalanceMode)random.Next(3),
            Overlay = RebalancePlannerTests.Instruments(("u", "FUT", 25), ("v", "FUT", 25), ("w", "FUT", 25)),
        };
    }

    // Zero and one are the edges where scales change their form.
    private static double Share(Random random) => random.Next(5) switch { 0 => 0, 1 => 1, _ => random.NextDouble() };

    private static void Check(Func<Random, bool> property) =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => property(new Random(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
