using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Core.Tests;

public sealed class AccountTests
{
    private static readonly Rate TenBasisPoints = Rate.FromBasisPoints(10m);

    [Fact]
    public void Book_BuyThenSellHalf_RealisesAgainstTheAverageCost()
    {
        var account = new Account(Money.FromDecimal(1_000m), 1);

        Book(account, 2m, 100m);
        Book(account, 2m, 120m);
        Book(account, -2m, 130m);

        Assert.Equal(Price.FromDecimal(110m), account[0].AverageCost);
        Assert.Equal(Quantity.FromDecimal(2m), account[0].Quantity);
        Assert.Equal(Money.FromDecimal(40m), account.RealisedProfit);
        Assert.Equal(Money.FromDecimal(1_080m), account.Equity);
        Assert.Equal(Money.FromDecimal(40m), account[0].UnrealisedAt(Price.FromDecimal(130m)));
    }

    [Theory]
    [InlineData(1, 1.0)]
    [InlineData(3, 1.0)]
    [InlineData(17, 1.0)]
    [InlineData(64, 1.0)]
    [InlineData(501, 1.0)]
    [InlineData(501, 30_000.0)]
    [InlineData(21, 40_000_000.0)]
    public void Mark_OfAllAtOnce_EqualsMarkingOneByOne(int instruments, double scale)
    {
        var random = new Random(instruments);
        Price Draw() => Price.FromDouble((0.01 + (random.NextDouble() * 1_000)) * scale);
        var (atOnce, oneByOne) = (new Account(Money.FromDecimal(1_000m), instruments), new Account(Money.FromDecimal(1_000m), instruments));
        for (var turn = 0; turn < 20; turn++)
        {
            // The first turns have long positions only.
            for (var i = 0; i < instruments; i += 1 + random.Next(3))
            {
                var lots = random.NextInt64(1, (long)(1e12 / scale)) * (turn > 5 && random.Next(2) == 0 ? -1 : 1);
                var fill = new Fill(i, lots < 0 ? Side.Sell : Side.Buy, new Quantity(Math.Abs(lots)), Draw(), Money.Zero, Money.Zero, turn);
                atOnce.Book(fill, out _);
                oneByOne.Book(fill, out _);
            }

            var prices = Enumerable.Range(0, instruments).Select(_ => random.Next(5) == 0 ? default : Draw()).ToArray();
            atOnce.Mark(prices);
            for (var i = 0; i < instruments; i++)
            {
                if (prices[i].Ticks != 0) oneByOne.Mark(i, prices[i]);
                Assert.Equal(oneByOne.MarkOf(i), atOnce.MarkOf(i));
            }

            Assert.Equal(oneByOne.Equity, atOnce.Equity);
            Assert.Equal(oneByOne.MarketValue, atOnce.MarketValue);
            Assert.Equal(oneByOne.GrossValue, atOnce.GrossValue);
        }
    }

    [Fact]
    public void Mark_BeyondWhatDoublesHold_StaysExact()
    {
        var (atOnce, oneByOne) = (new Account(Money.Zero, 9), new Account(Money.Zero, 9));
        long[] lots = [(1L << 53) + 1, -((1L << 60) + 3), 7, -1, (1L << 52) - 1, 0, long.MaxValue - 1, 12_345, -((1L << 61) + 1)];
        long[] ticks = [(1L << 53) - 1, (1L << 40) + 1, (1L << 62) + 1, 3, (1L << 52) - 1, 5, 9, 11, (1L << 33) + 1];
        for (var i = 0; i < lots.Length; i++)
        {
            if (lots[i] == 0) continue;
            var fill = new Fill(i, lots[i] < 0 ? Side.Sell : Side.Buy, new Quantity(Math.Abs(lots[i])), new Price(1), Money.Zero, Money.Zero, 0);
            atOnce.Book(fill, out _);
            oneByOne.Book(fill, out _);
        }

        atOnce.Mark([.. ticks.Select(price => new Price(price))]);
        for (var i = 0; i < lots.Length; i++) oneByOne.Mark(i, new Price(ticks[i]));

        Assert.Equal(oneByOne.MarketValue, atOnce.MarketValue);
        Assert.Equal(oneByOne.GrossValue, atOnce.GrossValue);
    }

    [Fact]
    public void Book_ShortThenCover_ProfitsFromTheFall()
    {
        var account = new Account(Money.FromDecimal(1_000m), 1);

        Book(account, -3m, 50m);
        account.Mark(0, Price.FromDecimal(60m));
        var atLoss = account.Equity;
        var closed = Book(account, 3m, 40m);

        Assert.Equal(Money.FromDecimal(970m), atLoss);
        Assert.Equal(Money.FromDecimal(1_030m), account.Cash);
        Assert.NotNull(closed);
        Assert.Equal(Side.Sell, closed.Value.Side);
        Assert.Equal(Money.FromDecimal(30m), closed.Value.NetProfit);
        Assert.Equal(0.2, closed.Value.NetReturn, 15);
    }

    [Fact]
    public void Book_FillAcrossZero_ClosesOneTradeAndOpensTheNextWithItsShareOfCommission()
    {
        var account = new Account(Money.FromDecimal(1_000m), 1);

        Book(account, 1m, 100m, TenBasisPoints);
        var closed = Book(account, -3m, 110m, TenBasisPoints);
        var second = Book(account, 2m, 110m, TenBasisPoints);

        // Commission: 0.1 in, a third of 0.33 out; then two thirds of 0.33 in, 0.22 out.
        Assert.Equal(Money.FromDecimal(10m - 0.1m - 0.11m), closed!.Value.NetProfit);
        Assert.Equal(Money.FromDecimal(-0.22m - 0.22m), second!.Value.NetProfit);
        Assert.Equal(0, account.OpenTrades);
        Assert.Equal(Money.FromDecimal(1_000m + 10m - 0.1m - 0.33m - 0.22m), account.Equity);
    }

    [Fact]
    public void Book_AnyHistoryOfFills_EqualsUnboundedArithmeticToTheLastDigit() =>
        Prop.ForAll<(int Instrument, int Quantity, uint Price)[]>(history =>
        {
            var account = new Account(Money.FromDecimal(1_000m), 3);
            var cash = (BigInteger)account.InitialCash.Parts;
            var held = new BigInteger[3];
            var marks = new BigInteger[3];
            var trips = Money.Zero;
            foreach (var (rawInstrument, rawQuantity, rawPrice) in history)
            {
                if (rawQuantity == 0) continue;
                var i = Math.Abs(rawInstrument % 3);
                var price = new Price(1 + rawPrice);
                var quantity = new Quantity(rawQuantity * 1_000_003L);
                var commission = (price * quantity).Magnitude * TenBasisPoints;
                var fill = new Fill(i, quantity.Lots > 0 ? Side.Buy : Side.Sell, quantity.Magnitude, price, commission, Money.Zero, 0);
                if (account.Book(fill, out var closed)) trips += closed.NetProfit;

                cash -= ((BigInteger)price.Ticks * quantity.Lots) + (BigInteger)commission.Parts;
                held[i] += quantity.Lots;
                marks[i] = price.Ticks;
            }

            var value = held.Zip(marks, (lots, mark) => lots * mark).ToArray();
            var equity = cash + value.Aggregate(BigInteger.Zero, (a, b) => a + b);
            var gross = value.Aggregate(BigInteger.Zero, (a, b) => a + BigInteger.Abs(b));
            var unrealised = Enumerable.Range(0, 3).Aggregate(Money.Zero, (sum, i) => sum + account[i].UnrealisedAt(account.MarkOf(i)));
            var balanced = account.InitialCash + account.RealisedProfit + unrealised - account.CommissionPaid == account.Equity;
            var flat = held.All(lots => lots.IsZero);
            return (BigInteger)account.Cash.Parts == cash
                && (BigInteger)account.Equity.Parts == equity
                && (BigInteger)account.GrossValue.Parts == gross
                && account.OpenPositions == held.Count(lots => !lots.IsZero)
                && balanced
                && (!flat || trips == account.RealisedProfit - account.CommissionPaid);
        }).QuickCheckThrowOnFailure();

    private static RoundTrip? Book(Account account, decimal quantity, decimal price, Rate commission = default)
    {
        var (signed, at) = (Quantity.FromDecimal(quantity), Price.FromDecimal(price));
        var fill = new Fill(0, quantity > 0 ? Side.Buy : Side.Sell, signed.Magnitude, at, at * signed.Magnitude * commission, Money.Zero, 0);
        return account.Book(fill, out var closed) ? closed : null;
    }
}
