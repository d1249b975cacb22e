using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Core;

/// <summary>A price on a grid of 1e-8. Integer inside: equal prices have equal bytes on every machine.</summary>
/// <param name="Ticks">The price in ticks of 1e-8.</param>
public readonly record struct Price(long Ticks) : IComparable<Price>
{
    /// <summary>Ticks per unit of price.</summary>
    public const long TicksPerUnit = FixedPoint.UnitScale;

    /// <summary>The nearest price on the grid, halves away from zero.</summary>
    /// <exception cref="OverflowException">The value is not finite or beyond +-9.2e10.</exception>
    public static Price FromDouble(double value) =>
        TryFromDouble(value, out var price) ? price : throw new OverflowException($"A price must be finite and within +-9.2e10, was {value.ToString(CultureInfo.InvariantCulture)}.");

    /// <summary>The nearest price on the grid, halves away from zero; false when <paramref name="value"/> is not finite or does not fit.</summary>
    public static bool TryFromDouble(double value, out Price price)
    {
        var fits = FixedPoint.TryScale(value, TicksPerUnit, out var ticks);
        price = new Price(ticks);
        return fits;
    }

    /// <summary>Converts as many leading values as it can in vectors, each as <see cref="TryFromDouble"/> would.</summary>
    /// <param name="values">Prices; missing ones (NaN) and mistaken ones among them.</param>
    /// <param name="prices">Receives the prices; at least as long.</param>
    /// <returns>How many were converted: those before the first that is missing, below one tick or above 4.5e7, and at most a multiple of the vector length.</returns>
    public static int FromDoubles(ReadOnlySpan<double> values, Span<Price> prices)
    {
        var from = MemoryMarshal.Cast<double, Vector<double>>(values);
        var to = MemoryMarshal.Cast<Price, Vector<long>>(prices[..values.Length]);
        for (var i = 0; i < to.Length; i++)
        {
            var ticks = FixedPoint.NearestTicks(from[i]);
            if (!FixedPoint.AreTicks(ticks)) return i * Vector<double>.Count;
            to[i] = Vector.ConvertToInt64Native(ticks);
        }

        return to.Length * Vector<double>.Count;
    }

    /// <summary>The nearest price on the grid, halves away from zero.</summary>
    public static Price FromDecimal(decimal value) => new(FixedPoint.Scale(value, TicksPerUnit));

    /// <summary>This price as a double, for statistics and display only.</summary>
    public double ToDouble() => Ticks / (double)TicksPerUnit;

    /// <summary>This price as an exact decimal.</summary>
    public decimal ToDecimal() => Ticks / (decimal)TicksPerUnit;

    /// <summary>This price moved against an order: up for a buy, down for a sell.</summary>
    public Price MovedAgainst(Side side, Rate slippage) =>
        slippage.Parts == 0 ? this : new Price((long)FixedPoint.MultiplyDivide(Ticks, Rate.PartsPerUnit + ((int)side * slippage.Parts), Rate.PartsPerUnit));

    /// <summary>The exact value of <paramref name="quantity"/> at this price.</summary>
    public static Money operator *(Price price, Quantity quantity) => new(Math.BigMul(price.Ticks, quantity.Lots));

    /// <inheritdoc/>
    public int CompareTo(Price other) => Ticks.CompareTo(other.Ticks);

    /// <summary>Orders prices.</summary>
    public static bool operator <(Price left, Price right) => left.Ticks < right.Ticks;

    /// <summary>Orders prices.</summary>
    public static bool operator >(Price left, Price right) => left.Ticks > right.Ticks;

    /// <summary>Orders prices.</summary>
    public static bool operator <=(Price left, Price right) => left.Ticks <= right.Ticks;

    /// <summary>Orders prices.</summary>
    public static bool operator >=(Price left, Price right) => left.Ticks >= right.Ticks;

    /// <inheritdoc/>
    public override string ToString() => ToDecimal().ToString("0.########", CultureInfo.InvariantCulture);
}
