using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Core.Tests;

public sealed class FillKernelTests
{
    private static readonly Quantity OneLot = new(1);

    [Fact]
    public void Execute_BuyWithSlippageAndCommission_PaysBoth()
    {
        var kernel = Kernel(cash: 1_000m, commissionBps: 10m, slippageBps: 50m);

        var reason = kernel.Execute(new MarketOrder(0, Quantity.FromDecimal(2m)), Price.FromDecimal(100m), time: 7, out var result);

        Assert.Equal(RejectReason.None, reason);
        Assert.Equal(Price.FromDecimal(100.5m), result.Fill.Price);
        Assert.Equal(Money.FromDecimal(0.201m), result.Fill.Commission);
        Assert.Equal(Money.FromDecimal(1m), result.Fill.Slippage);
        Assert.Equal(Money.FromDecimal(1_000m - 201m - 0.201m), kernel.Account.Cash);
        Assert.Null(result.Closed);
    }

    [Theory]
    [InlineData("10", "100.01", RejectReason.InsufficientFunds)]
    [InlineData("10", "100", RejectReason.None)]
    [InlineData("-10", "100", RejectReason.None)]
    [InlineData("-10", "100.01", RejectReason.InsufficientFunds)]
    [InlineData("0", "100", RejectReason.QuantityTooSmall)]
    [InlineData("1", "0", RejectReason.NoPrice)]
    [InlineData("1", "-5", RejectReason.NoPrice)]
    public void Execute_FromAThousandInCash_IsFilledWholeOrRefusedWhole(string quantity, string price, RejectReason expected)
    {
        var kernel = Kernel(1_000m);

        var reason = kernel.Execute(new MarketOrder(0, Quantity.FromDecimal(Parse(quantity))), Price.FromDecimal(Parse(price)), 0, out _);

        Assert.Equal(expected, reason);
        if (expected == RejectReason.None) return;
        Assert.Equal(kernel.Account.InitialCash, kernel.Account.Equity);
        Assert.Equal(0, kernel.Fills);
    }

    [Fact]
    public void Execute_ReducingWhenEquityIsGone_IsAlwaysAllowed()
    {
        var kernel = Kernel(1_000m, commissionBps: 10m);
        kernel.Execute(new MarketOrder(0, Quantity.FromDecimal(-9m)), Price.FromDecimal(100m), 0, out _);

        var reason = kernel.Execute(new MarketOrder(0, Quantity.FromDecimal(9m)), Price.FromDecimal(500m), 0, out _);

        Assert.Equal(RejectReason.None, reason);
        Assert.True(kernel.Account.Cash.IsNegative);
        Assert.Equal(Quantity.Zero, kernel.Account[0].Quantity);
    }

    [Fact]
    public void Execute_SecondInstrument_IsLimitedByWhatTheFirstHolds()
    {
        var account = new Account(Money.FromDecimal(1_000m), 2);
        var kernel = new FillKernel(account, FillTerms.Free);
        kernel.Execute(new MarketOrder(0, Quantity.FromDecimal(6m)), Price.FromDecimal(100m), 0, out _);

        Assert.Equal(RejectReason.InsufficientFunds, kernel.Execute(new MarketOrder(1, Quantity.FromDecimal(-5m)), Price.FromDecimal(100m), 0, out _));
        Assert.Equal(RejectReason.None, kernel.Execute(new MarketOrder(1, Quantity.FromDecimal(-4m)), Price.FromDecimal(100m), 0, out _));
    }

    [Fact]
    public void Affordable_AnyFundsPriceAndCommission_IsFilledAndOneLotMoreIsNot() =>
        Prop.ForAll<uint, uint, ushort>((cents, ticks, commission) =>
        {
            var cash = Money.FromDecimal(1m + (cents / 100m));
            var price = new Price(1_000_000L + ticks);
            var rate = Rate.FromBasisPoints(commission % 200);
            var terms = new FillTerms(rate, Rate.Zero, Rate.One);
            var quantity = Sizing.Affordable(cash, price, rate, OneLot);
            return Try(cash, terms, quantity, price) == RejectReason.None
                && Try(cash, terms, -quantity, price) == RejectReason.None
                && Try(cash, terms, quantity + OneLot, price) == RejectReason.InsufficientFunds;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void ToWeight_AnyHeldQuantityAndWeight_LeavesThatShareOfEquityAfterCommission() =>
        Prop.ForAll<ushort, ushort, ushort>((heldShare, wantedShare, commission) =>
        {
            var rate = Rate.FromBasisPoints(commission % 100);
            var kernel = new FillKernel(new Account(Money.FromDecimal(1_000_000m), 1), new FillTerms(rate, Rate.Zero, Rate.One));
            var price = Price.FromDecimal(123.45m);
            var wanted = Rate.FromDecimal(wantedShare % 1000 / 1000m);
            kernel.Execute(new MarketOrder(0, Quantity.FromDecimal(heldShare % 8000)), price, 0, out _);

            var change = Sizing.ToWeight(wanted, kernel.Account.Equity, kernel.Account[0].Quantity, price, rate, OneLot);
            if (!change.IsZero && kernel.Execute(new MarketOrder(0, change), price, 0, out _) != RejectReason.None) return false;
            return Math.Abs((kernel.Account.MarketValue.ToDouble() / kernel.Account.Equity.ToDouble()) - wanted.ToDouble()) < 1e-11;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void ToWeight_WholeUnits_CutsTowardsWhatIsHeld()
    {
        var step = Quantity.FromDecimal(1m);

        var change = Sizing.ToWeight(Rate.FromDecimal(0.5m), Money.FromDecimal(1_000m), Quantity.Zero, Price.FromDecimal(101m), Rate.Zero, step);

        Assert.Equal(Quantity.FromDecimal(4m), change);
    }

    private static RejectReason Try(Money cash, FillTerms terms, Quantity quantity, Price price) =>
        new FillKernel(new Account(cash, 1), terms).Execute(new MarketOrder(0, quantity), price, 0, out _);

    private static FillKernel Kernel(decimal cash, decimal commissionBps = 0, decimal slippageBps = 0) =>
        new(new Account(Money.FromDecimal(cash), 1), new FillTerms(Rate.FromBasisPoints(commissionBps), Rate.FromBasisPoints(slippageBps), Rate.One));

    private static decimal Parse(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
