using System.Globalization;

namespace Qmtl.Strategies;

/// <summary>A named parameter of a strategy.</summary>
public abstract class Param(string name, string description)
{
    /// <summary>The name users give it by, such as "fast".</summary>
    public string Name { get; } = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
        ? name
        : throw Refuse.Parameter($"\"{name}\"", "must have a name of letters, digits, \"_\", \"-\" or \".\", because users write name=value");

    /// <summary>One sentence for users.</summary>
    public string Description { get; } = description;

    /// <summary>What it accepts: type, default and range.</summary>
    public abstract ParameterInfo Describe();

    /// <summary>The present value as text.</summary>
    public abstract string ValueText { get; }

    /// <summary>Whether <paramref name="text"/> is of the parameter's type, in its range or not.</summary>
    public abstract bool CanRead(string text);

    /// <summary>Sets the value from text, or throws a refusal that names this parameter.</summary>
    internal abstract void Bind(string text);
}

/// <summary>A named parameter with a value of type <typeparamref name="T"/>; usable wherever a <typeparamref name="T"/> is.</summary>
/// <typeparam name="T">int, double, bool or an enumeration.</typeparam>
public sealed class Param<T> : Param
    where T : notnull
{
    private readonly ParamRange<T> _range;
    private readonly T _default;

    internal Param(string name, T @default, ParamRange<T> range, string description)
        : base(name, description)
    {
        _range = range;
        _default = @default;
        Value = Checked(@default);
    }

    /// <summary>The value: the default until a run sets it.</summary>
    public T Value { get; private set; }

    /// <inheritdoc/>
    public override string ValueText => _range.Format(Value);

    /// <inheritdoc/>
    public override ParameterInfo Describe() => new(Name, _range.TypeName, _range.Format(_default), _range.Text, Description);

    /// <summary>The value.</summary>
    public static implicit operator T(Param<T> parameter) => parameter.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Name}={ValueText}";

    /// <inheritdoc/>
    public override bool CanRead(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _range.TryParse(text.Trim(), out _);
    }

    internal override void Bind(string text) => Value = _range.TryParse(text.Trim(), out var value)
        ? Checked(value)
        : throw Refuse.Parameter(Name, $"must be {_range.TypeName} {_range.Text}, was \"{text}\"");

    private T Checked(T value) => _range.Contains(value)
        ? value
        : throw Refuse.Parameter(Name, $"must be {_range.TypeName} {_range.Text}, was {_range.Format(value)}");
}

/// <summary>What a parameter accepts.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">"a whole number", "a number", "one of" or "true or false".</param>
/// <param name="Default">The default as text.</param>
/// <param name="Range">The accepted values as text, such as "2..200" or "level|cross".</param>
/// <param name="Description">One sentence.</param>
public sealed record ParameterInfo(string Name, string Type, string Default, string Range, string Description);

/// <summary>How the text of a parameter is read and which values it may have.</summary>
internal abstract record ParamRange<T>(string TypeName, string Text)
{
    public abstract bool TryParse(string text, out T value);

    public abstract bool Contains(T value);

    public abstract string Format(T value);
}

internal sealed record WholeRange(int Min, int Max) : ParamRange<int>("a whole number", string.Create(CultureInfo.InvariantCulture, $"{Min}..{Max}"))
{
    /// <summary>Reads 2..200 with both ends included: what an author means by it.</summary>
    public static WholeRange From(string name, Range range) => range.Start.IsFromEnd || range.End.IsFromEnd || range.Start.Value > range.End.Value
        ? throw Refuse.Parameter(name, "needs a range with two plain ends, the smaller one first, such as 2..200")
        : new WholeRange(range.Start.Value, range.End.Value);

    public static WholeRange From(string name, int min, int max) =>
        min <= max ? new WholeRange(min, max) : throw Refuse.Parameter(name, "needs a range of two whole numbers, the smaller one first");

    public override bool TryParse(string text, out int value) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    public override bool Contains(int value) => value >= Min && value <= Max;

    public override string Format(int value) => value.ToString(CultureInfo.InvariantCulture);
}

internal sealed record NumberRange(double Min, double Max) : ParamRange<double>("a number", string.Create(CultureInfo.InvariantCulture, $"{Min}..{Max}"))
{
    public static NumberRange From(string name, double min, double max) => double.IsFinite(min) && double.IsFinite(max) && min <= max
        ? new NumberRange(min, max)
        : throw Refuse.Parameter(name, "needs a range of two finite numbers, the smaller one first");

    public override bool TryParse(string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    public override bool Contains(double value) => value >= Min && value <= Max;

    public override string Format(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}

internal sealed record TextRange() : ParamRange<string>("text", "not empty")
{
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return true;
    }

    public override bool Contains(string value) => value.Length > 0;

    public override string Format(string value) => value;
}

internal sealed record FlagRange() : ParamRange<bool>("true or false", "true|false")
{
    public override bool TryParse(string text, out bool value) => bool.TryParse(text, out value);

    public override bool Contains(bool value) => true;

    public override string Format(bool value) => value ? "true" : "false";
}

/// <summary>The names of an enumeration, in snake_case.</summary>
internal sealed record ChoiceRange<T>() : ParamRange<T>("one of", string.Join('|', Enum.GetValues<T>().Select(SnakeCase)))
    where T : struct, Enum
{
    public override bool TryParse(string text, out T value)
    {
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (!string.Equals(SnakeCase(candidate), text, StringComparison.OrdinalIgnoreCase)) continue;
            value = candidate;
            return true;
        }

        value = default;
        return false;
    }

    public override bool Contains(T value) => Enum.IsDefined(value);

    public override string Format(T value) => SnakeCase(value);

    private static string SnakeCase(T value) =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
