using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>Which of two values an extreme keeps.</summary>
internal interface IExtremeOrder
{
    static abstract string ValueName { get; }

    static abstract string AgeName { get; }

    static abstract string CumulativeName { get; }

    /// <summary>What every value beats.</summary>
    static abstract double Worst { get; }

    /// <summary>The better value; NaN if either is.</summary>
    static abstract double Best(double a, double b);

    /// <summary>The better value; the other if one is NaN.</summary>
    static abstract double BestKnown(double a, double b);

    /// <summary>True when <paramref name="a"/> is as good as <paramref name="b"/> or better; false if either is NaN.</summary>
    static abstract bool AtLeast(double a, double b);
}

/// <summary>Largest first.</summary>
internal readonly struct Largest : IExtremeOrder
{
    public static string ValueName => "rolling_max";

    public static string AgeName => "bars_since_max";

    public static string CumulativeName => "cumulative_max";

    public static double Worst => double.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Best(double a, double b) => Math.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double BestKnown(double a, double b) => double.MaxNumber(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AtLeast(double a, double b) => a >= b;
}

/// <summary>Smallest first.</summary>
internal readonly struct Smallest : IExtremeOrder
{
    public static string ValueName => "rolling_min";

    public static string AgeName => "bars_since_min";

    public static string CumulativeName => "cumulative_min";

    public static double Worst => double.PositiveInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Best(double a, double b) => Math.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double BestKnown(double a, double b) => double.MinNumber(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AtLeast(double a, double b) => a <= b;
}

/// <summary>The best value of a window.</summary>
internal readonly struct Extreme<TOrder>(double value) : IWindowSum<Extreme<TOrder>>, IWindowReading<Extreme<TOrder>>
    where TOrder : struct, IExtremeOrder
{
    private readonly double _value = value;

    public static string Name => TOrder.ValueName;

    public static int Inputs => 1;

    public static bool Pivoted => false;

    public static Extreme<TOrder> Empty => new(TOrder.Worst);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Extreme<TOrder> Append(Extreme<TOrder> sum, double x, double y, int index) => new(TOrder.Best(sum._value, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Extreme<TOrder> Prepend(Extreme<TOrder> sum, double x, double y) => new(TOrder.Best(sum._value, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Extreme<TOrder> Join(Extreme<TOrder> older, Extreme<TOrder> newer, int olderLength, int newerLength) =>
        new(TOrder.Best(older._value, newer._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in Extreme<TOrder> sum, in WindowEnd end, WindowFacts facts) => sum._value;
}

/// <summary>The best value of a window and where it stands; of equal values the newest counts.</summary>
/// <remarks>The place is counted from the end that does not move: from the newest value for a head, from the oldest for a tail.</remarks>
internal readonly struct ExtremeAge<TOrder>(double value, double place) : IWindowSum<ExtremeAge<TOrder>>, IWindowReading<ExtremeAge<TOrder>>
    where TOrder : struct, IExtremeOrder
{
    private readonly double _value = value;
    private readonly double _place = place;

    public static string Name => TOrder.AgeName;

    public static int Inputs => 1;

    public static bool Pivoted => false;

    public static ExtremeAge<TOrder> Empty => new(TOrder.Worst, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ExtremeAge<TOrder> Append(ExtremeAge<TOrder> sum, double x, double y, int index) =>
        TOrder.AtLeast(x, sum._value) ? new(x, 0) : new(TOrder.Best(sum._value, x), sum._place + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ExtremeAge<TOrder> Prepend(ExtremeAge<TOrder> sum, double x, double y) =>
        TOrder.AtLeast(sum._value, x) ? new(sum._value, sum._place + 1) : new(TOrder.Best(sum._value, x), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ExtremeAge<TOrder> Join(ExtremeAge<TOrder> older, ExtremeAge<TOrder> newer, int olderLength, int newerLength) =>
        TOrder.AtLeast(newer._value, older._value) ? newer : new(TOrder.Best(older._value, newer._value), olderLength - 1 - older._place + newerLength);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in ExtremeAge<TOrder> sum, in WindowEnd end, WindowFacts facts) => double.IsNaN(sum._value) ? double.NaN : sum._place;
}
