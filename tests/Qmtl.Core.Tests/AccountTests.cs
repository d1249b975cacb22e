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
