using System.Globalization;

namespace Qmtl.Core;

/// <summary>An amount of money in parts of 1e-16, 128 bits wide.</summary>
/// <remarks>
/// The scale is the product of the price grid (1e-8) and the quantity grid (1e-8): a notional is an exact integer product, and
/// cash, profit and equity are exact sums of them. Only a commission and a cost share are ever rounded.
/// </remarks>
/// <param name="Parts">The amount in parts of 1e-16.</param>
public readonly record struct Money(Int128 Parts) : IComparable<Money>
{
    /// <summary>Parts per unit of currency.</summary>
    public const long PartsPerUnit = FixedPoint.MoneyScale;

    /// <summary>Nothing.</summary>
    public static Money Zero => default;

    /// <summary>True below zero.</summary>
    public bool IsNegative => Int128.IsNegative(Parts);

    /// <summary>The amount without its sign.</summary>
    public Money Magnitude => new(Int128.Abs(Parts));

    /// <summary>The exact amount, to 1e-16.</summary>
    public static Money FromDecimal(decimal value)
    {
        var whole = decimal.Truncate(value);
        return new Money(((Int128)whole * PartsPerUnit) + FixedPoint.Scale(value - whole, PartsPerUnit));
    }

    /// <summary>The nearest double of the parts, divided by the parts of a unit; for statistics and display only.</summary>
    public double ToDouble()
    {
        var value = FixedPoint.ToDouble((UInt128)Int128.Abs(Parts)) / PartsPerUnit;
        return Int128.IsNegative(Parts) ? -value : value;
    }

    /// <summary>This amount as a decimal; exact up to decimal's 28 digits.</summary>
    public decimal ToDecimal()
    {
        var (whole, fraction) = Int128.DivRem(Parts, PartsPerUnit);
        return (decimal)whole + ((decimal)fraction / PartsPerUnit);
    }

    /// <summary>Adds amounts.</summary>
    public static Money operator +(Money left, Money right) => new(left.Parts + right.Parts);

    /// <summary>Subtracts amounts.</summary>
    public static Money operator -(Money left, Money right) => new(left.Parts - right.Parts);

    /// <summary>The opposite amount.</summary>
    public static Money operator -(Money value) => new(-value.Parts);

    /// <summary>A share of an amount, rounded half away from zero.</summary>
    public static Money operator *(Money amount, Rate rate) => new(FixedPoint.MultiplyDivide(amount.Parts, rate.Parts, Rate.PartsPerUnit));

    /// <inheritdoc/>
    public int CompareTo(Money other) => Parts.CompareTo(other.Parts);

    /// <summary>Orders amounts.</summary>
    public static bool operator <(Money left, Money right) => left.Parts < right.Parts;

    /// <summary>Orders amounts.</summary>
    public static bool operator >(Money left, Money right) => left.Parts > right.Parts;

    /// <summary>Orders amounts.</summary>
    public static bool operator <=(Money left, Money right) => left.Parts <= right.Parts;

    /// <summary>Orders amounts.</summary>
    public static bool operator >=(Money left, Money right) => left.Parts >= right.Parts;

    /// <inheritdoc/>
    public override string ToString() => ToDecimal().ToString("0.################", CultureInfo.InvariantCulture);
}
