namespace Qmtl.Strategies;

/// <summary>Checks the numbers an author passes to an operator of bars; the refusal names operator, bars, argument and range.</summary>
internal static class Argument
{
    public static void Whole(string operation, PriceSeries bars, int value, int min, int max, string argument)
    {
        if (value < min || value > max) throw Refuse.Argument(operation, bars.Stream, argument, $"must be a whole number {min}..{max}, was {value}");
    }

    public static void Period(string operation, PriceSeries bars, int value, string argument = "period") =>
        Whole(operation, bars, value, 1, Kernel.MaxPeriod, argument);

    public static void Number(string operation, PriceSeries bars, double value, double min, double max, string argument)
    {
        if (!(value >= min && value <= max)) throw Refuse.Argument(operation, bars.Stream, argument, FormattableString.Invariant($"must be a number {min}..{max}, was {value}"));
    }

    /// <summary>How many average ranges a band lies away: 0 to 100.</summary>
    public static void Multiplier(string operation, PriceSeries bars, double value) => Number(operation, bars, value, 0, 100, "multiplier");
}
