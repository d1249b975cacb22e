using System.Globalization;

namespace Qmtl.Core;

/// <summary>A signed quantity on a grid of 1e-8: positive is long or bought, negative short or sold.</summary>
/// <param name="Lots">The quantity in lots of 1e-8.</param>
public readonly record struct Quantity(long Lots) : IComparable<Quantity>
{
    /// <summary>Lots per unit of quantity.</summary>
    public const long LotsPerUnit = FixedPoint.UnitScale;

    /// <summary>Nothing.</summary>
    public static Quantity Zero => default;

    /// <summary>True when there is nothing.</summary>
    public bool IsZero => Lots == 0;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Math.Sign(Lots);

    /// <summary>The quantity without its sign.</summary>
    public Quantity Magnitude => new(Math.Abs(Lots));

    /// <summary>The nearest quantity on the grid, halves away from zero; false when <paramref name="value"/> is not finite or does not fit.</summary>
    public static bool TryFromDouble(double value, out Quantity quantity)
    {
        var fits = FixedPoint.TryScale(value, LotsPerUnit, out var lots);
        quantity = new Quantity(lots);
        return fits;
    }

    /// <summary>The nearest quantity on the grid, halves away from zero.</summary>
    public static Quantity FromDecimal(decimal value) => new(FixedPoint.Scale(value, LotsPerUnit));

    /// <summary>This quantity as a double, for statistics and display only.</summary>
    public double ToDouble() => Lots / (double)LotsPerUnit;

    /// <summary>This quantity as an exact decimal.</summary>
    public decimal ToDecimal() => Lots / (decimal)LotsPerUnit;

    /// <summary>Adds quantities; overflow is an error, never a wrap.</summary>
    public static Quantity operator +(Quantity left, Quantity right) => new(checked(left.Lots + right.Lots));

    /// <summary>Subtracts quantities; overflow is an error, never a wrap.</summary>
    public static Quantity operator -(Quantity left, Quantity right) => new(checked(left.Lots - right.Lots));

    /// <summary>The opposite quantity.</summary>
    public static Quantity operator -(Quantity value) => new(checked(-value.Lots));

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => Lots.CompareTo(other.Lots);

    /// <summary>Orders quantities.</summary>
    public static bool operator <(Quantity left, Quantity right) => left.Lots < right.Lots;

    /// <summary>Orders quantities.</summary>
    public static bool operator >(Quantity left, Quantity right) => left.Lots > right.Lots;

    /// <summary>Orders quantities.</summary>
    public static bool operator <=(Quantity left, Quantity right) => left.Lots <= right.Lots;

    /// <summary>Orders quantities.</summary>
    public static bool operator >=(Quantity left, Quantity right) => left.Lots >= right.Lots;

    /// <inheritdoc/>
    public override string ToString() => ToDecimal().ToString("0.########", CultureInfo.InvariantCulture);
}
