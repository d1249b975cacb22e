using System.Globalization;

namespace Qmtl.WorldService.Policies.Expressions;

internal enum TokenKind
{
    Number,
    Name,
    Symbol,
    Comparison,
    End,
}

/// <summary>One token; <paramref name="Column"/> is its 1-based position in the expression's text.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, double Value, int Column)
{
    public string Described => Kind == TokenKind.End ? "the end" : $"'{Text}'";
}

/// <summary>The expression does not parse, or names what does not exist.</summary>
internal sealed class ExpressionException(string message, int column)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"{message} (column {column})"));

/// <summary>A rule names a metric that does not exist; the message suggests one that does.</summary>
internal sealed class UnknownMetricException(string message) : Exception(message);

/// <summary>Splits an expression into tokens.</summary>
internal static class ExpressionTokens
{
    /// <summary>Bounds what one expression may cost to parse and to evaluate.</summary>
    public const int MaxLength = 2_000;

    public static List<Token> Split(string text)
    {
        if (text.Length > MaxLength) throw new ExpressionException($"the expression is longer than {MaxLength} characters", MaxLength);
        var tokens = new List<Token>();
        var at = 0;
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var token = Next(text, at);
            tokens.Add(token);
            at += token.Text.Length;
        }

        tokens.Add(new(TokenKind.End, "", 0, text.Length + 1));
        return tokens;
    }

    private static Token Next(string text, int at)
    {
        var c = text[at];
        if (char.IsAsciiDigit(c) || c == '.') return Number(text, at);
        if (char.IsAsciiLetter(c) || c == '_') return Name(text, at);
        foreach (var (symbol, _) in ComparisonOperators.All)
        {
            if (string.CompareOrdinal(text, at, symbol, 0, symbol.Length) == 0) return new(TokenKind.Comparison, symbol, 0, at + 1);
        }

        return "+-*/(),".Contains(c, StringComparison.Ordinal)
            ? new(TokenKind.Symbol, c.ToString(), 0, at + 1)
            : throw new ExpressionException($"'{c}' has no meaning here", at + 1);
    }

    private static Token Name(string text, int at)
    {
        var end = at;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '.')) end++;
        return new(TokenKind.Name, text[at..end], 0, at + 1);
    }

    private static Token Number(string text, int at)
    {
        var end = at;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.')) end++;
        if (end < text.Length && text[end] is 'e' or 'E')
        {
            var exponent = end + 1;
            if (exponent < text.Length && text[exponent] is '+' or '-') exponent++;
            if (exponent < text.Length && char.IsAsciiDigit(text[exponent])) end = exponent;
            while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
        }

        var number = text[at..end];
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? new(TokenKind.Number, number, value, at + 1)
            : throw new ExpressionException($"'{number}' is not a number", at + 1);
    }
}
