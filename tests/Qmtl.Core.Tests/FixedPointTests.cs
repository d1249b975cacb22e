using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Core.Tests;

public sealed class FixedPointTests
{
    [Theory]
    [InlineData(0.000000005, 1)]
    [InlineData(-0.000000005, -1)]
    [InlineData(0.0000000049, 0)]
    [InlineData(46377.1, 4_637_710_000_000)]
    [InlineData(0.1, 10_000_000)]
    public void PriceFromDouble_OffTheGrid_RoundsHalvesAwayFromZero(double value, long ticks) => Assert.Equal(ticks, Price.FromDouble(value).Ticks);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e12)]
    public void PriceFromDouble_NoPriceOfThisGrid_IsRefused(double value)
    {
        Assert.False(Price.TryFromDouble(value, out _));
        Assert.Throws<OverflowException>(() => Price.FromDouble(value));
    }

    [Fact]
    public void Notional_LargestPriceAndQuantity_IsExact()
    {
        var notional = new Price(long.MaxValue) * new Quantity(-long.MaxValue);

        Assert.Equal(-(BigInteger)long.MaxValue * long.MaxValue, (BigInteger)notional.Parts);
    }

    [Fact]
    public void MultiplyDivide_AnyOperands_EqualsUnboundedArithmetic() =>
        Prop.ForAll<long, long, long>((a, b, c) =>
        {
            if (c == 0) return true;
            // Shifted operands reach the branch whose product needs more than 128 bits.
            return new[] { 0, 40, 60 }.All(shift =>
            {
                var (wideA, wideB) = ((Int128)a << shift, (Int128)b << shift);
                var product = (BigInteger)wideA * (BigInteger)wideB;
                var down = product / c;
                var rest = BigInteger.Abs(product - (down * c)) * 2;
                var rounded = rest >= BigInteger.Abs(c) ? down + (product.Sign * Math.Sign(c)) : down;
                if (BigInteger.Abs(rounded) > (BigInteger)Int128.MaxValue) return true;
                return (BigInteger)Scaled(wideA, wideB, c) == rounded;
            });
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void MovedAgainst_BuyAndSell_MovesThePriceAgainstTheOrder()
    {
        var price = Price.FromDecimal(100m);
        var slippage = Rate.FromBasisPoints(5m);

        Assert.Equal(Price.FromDecimal(100.05m), price.MovedAgainst(Side.Buy, slippage));
        Assert.Equal(Price.FromDecimal(99.95m), price.MovedAgainst(Side.Sell, slippage));
    }

    [Theory]
    [InlineData("10000")]
    [InlineData("-0.0000000000000001")]
    [InlineData("123456789.123456789")]
    [InlineData("999999999999999")]
    public void Money_DecimalAndBack_IsExact(string text)
    {
        var value = decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

        Assert.Equal(value, Money.FromDecimal(value).ToDecimal());
        Assert.Equal((double)value, Money.FromDecimal(value).ToDouble(), Math.Abs((double)value) * 1e-15);
    }

    private static Int128 Scaled(Int128 a, Int128 b, long c) => FixedPoint.MultiplyDivide(a, b, c);
}
