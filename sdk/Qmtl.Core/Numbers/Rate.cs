using System.Globalization;

namespace Qmtl.Core;

/// <summary>A dimensionless factor on a grid of 1e-12: a commission, a slippage, a target weight.</summary>
/// <param name="Parts">The factor in parts of 1e-12.</param>
public readonly record struct Rate(long Parts)
{
    /// <summary>Parts per unit.</summary>
    public const long PartsPerUnit = FixedPoint.RateScale;

    /// <summary>Zero.</summary>
    public static Rate Zero => default;

    /// <summary>One.</summary>
    public static Rate One => new(PartsPerUnit);

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Math.Sign(Parts);

    /// <summary>The factor without its sign.</summary>
    public Rate Magnitude => new(Math.Abs(Parts));

    /// <summary>One basis point is 1e-4.</summary>
    public static Rate FromBasisPoints(decimal basisPoints) => FromDecimal(basisPoints / 10_000m);

    /// <summary>The nearest factor on the grid, halves away from zero.</summary>
    public static Rate FromDecimal(decimal value) => new(FixedPoint.Scale(value, PartsPerUnit));

    /// <summary>The nearest factor on the grid, halves away from zero; false when <paramref name="value"/> is not finite or beyond +-9.2e6.</summary>
    public static bool TryFromDouble(double value, out Rate rate)
    {
        var fits = FixedPoint.TryScale(value, PartsPerUnit, out var parts);
        rate = new Rate(parts);
        return fits;
    }

    /// <summary>This factor as a double, for display only.</summary>
    public double ToDouble() => Parts / (double)PartsPerUnit;

    /// <inheritdoc/>
    public override string ToString() => (Parts / (decimal)PartsPerUnit).ToString("0.############", CultureInfo.InvariantCulture);
}

/// <summary>The direction of an order. The value is the sign of the quantity it adds.</summary>
public enum Side
{
    /// <summary>Adds to the position.</summary>
    Buy = 1,

    /// <summary>Takes from the position.</summary>
    Sell = -1,
}
