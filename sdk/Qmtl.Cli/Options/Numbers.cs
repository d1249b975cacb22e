using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Qmtl.Cli.Options;

/// <summary>Options with a number, read the same way everywhere and refused in words.</summary>
internal static class Numbers
{
    public static Option<decimal> Decimal(string name, decimal otherwise, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => Read<decimal>(name, result, NumberStyles.Float, "a number"),
    };

    public static Option<decimal?> OptionalDecimal(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Read<decimal>(name, result, NumberStyles.Float, "a number"),
    };

    public static Option<double> Double(string name, double otherwise, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => Finite(name, result),
    };

    public static Option<double?> OptionalDouble(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Finite(name, result),
    };

    public static Option<int> Whole(string name, int otherwise, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => Read<int>(name, result, NumberStyles.AllowLeadingSign, "a whole number"),
    };

    private static double Finite(string name, ArgumentResult result)
    {
        var value = Read<double>(name, result, NumberStyles.Float, "a number");
        if (!double.IsFinite(value)) result.AddError($"{name} must be a finite number, was \"{Text(result)}\".");
        return value;
    }

    private static T Read<T>(string name, ArgumentResult result, NumberStyles styles, string what)
        where T : struct, System.Numerics.INumber<T>
    {
        var text = Text(result);
        if (T.TryParse(text, styles, CultureInfo.InvariantCulture, out var value)) return value;
        result.AddError($"{name} must be {what}, was \"{text}\".");
        return default;
    }

    private static string Text(ArgumentResult result) => result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;
}
