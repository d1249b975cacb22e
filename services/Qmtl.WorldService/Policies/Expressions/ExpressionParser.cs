namespace Qmtl.WorldService.Policies.Expressions;

/// <summary>
/// Parses the two little languages of a policy by recursive descent: comparisons of gates (<c>sharpe_mid >= 0.6</c>) and
/// arithmetic of scores. Nothing of the host language is ever evaluated.
/// </summary>
internal sealed class ExpressionParser
{
    // A hostile score must not exhaust the stack.
    private const int MaxDepth = 64;

    private static readonly Dictionary<string, (FunctionKind Kind, int Min, int Max)> Functions = new(StringComparer.Ordinal)
    {
        ["min"] = (FunctionKind.Min, 2, 16),
        ["max"] = (FunctionKind.Max, 2, 16),
        ["abs"] = (FunctionKind.Abs, 1, 1),
        ["clamp"] = (FunctionKind.Clamp, 3, 3),
        ["log1p"] = (FunctionKind.Log1p, 1, 1),
        ["sqrt"] = (FunctionKind.Sqrt, 1, 1),
    };

    private readonly List<Token> _tokens;
    private readonly Func<string, int> _resolve;
    private int _at;
    private int _depth;

    private ExpressionParser(string text, Func<string, int> resolve)
    {
        _tokens = ExpressionTokens.Split(text);
        _resolve = resolve;
    }

    private Token Current => _tokens[_at];

    /// <summary>A score; <paramref name="resolve"/> gives a metric's column and throws <see cref="UnknownMetricException"/> for a name that does not exist.</summary>
    public static Expression ParseScore(string text, Func<string, int> resolve)
    {
        var parser = new ExpressionParser(text, resolve);
        var score = parser.Sum();
        parser.ExpectEnd();
        return score;
    }

    /// <summary>A gate's comparison: a metric, an operator, a number.</summary>
    public static (string Metric, int Slot, ComparisonOperator Operator, double Threshold) ParseComparison(string text, Func<string, int> resolve)
    {
        var parser = new ExpressionParser(text, resolve);
        var metric = parser.Current.Kind == TokenKind.Name ? parser.Take() : throw parser.Expected("a metric");
        var slot = parser.Resolve(metric);
        var comparison = parser.Comparison();
        var negative = parser.TryTake("-");
        var number = parser.Current.Kind == TokenKind.Number ? parser.Take() : throw parser.Expected("a number");
        parser.ExpectEnd();
        return (metric.Text, slot, comparison, negative ? -number.Value : number.Value);
    }

    private Expression Sum()
    {
        if (++_depth > MaxDepth) throw new ExpressionException($"nested deeper than {MaxDepth} levels", Current.Column);
        var left = Product();
        while (Current is { Kind: TokenKind.Symbol, Text: "+" or "-" }) left = new Expression.Binary(Take().Text[0], left, Product());
        _depth--;
        return left;
    }

    private Expression Product()
    {
        var left = Factor();
        while (Current is { Kind: TokenKind.Symbol, Text: "*" or "/" }) left = new Expression.Binary(Take().Text[0], left, Factor());
        return left;
    }

    private Expression Factor()
    {
        if (TryTake("-")) return new Expression.Negation(Primary());
        return Primary();
    }

    private Expression Primary()
    {
        if (TryTake("("))
        {
            var inner = Sum();
            Expect(")");
            return inner;
        }

        if (Current.Kind == TokenKind.Number) return new Expression.Number(Take().Value);
        if (Current.Kind != TokenKind.Name) throw Expected("a number, a metric, a function or '('");
        var name = Take();
        return TryTake("(") ? Invoke(name) : new Expression.Metric(name.Text, Resolve(name));
    }

    private Expression Invoke(Token name)
    {
        if (string.Equals(name.Text, "if", StringComparison.Ordinal)) return Conditional();
        if (!Functions.TryGetValue(name.Text, out var function))
        {
            throw new ExpressionException($"unknown function '{name.Text}'" + Documents.Nearest.Hint(name.Text, Functions.Keys.Append("if")), name.Column);
        }

        var arguments = new List<Expression> { Sum() };
        while (TryTake(",")) arguments.Add(Sum());
        Expect(")");
        if (arguments.Count < function.Min || arguments.Count > function.Max)
        {
            var expected = function.Min == function.Max ? $"{function.Min}" : $"{function.Min} to {function.Max}";
            throw new ExpressionException($"{name.Text} takes {expected} arguments, was given {arguments.Count}", name.Column);
        }

        return new Expression.Call(function.Kind, arguments);
    }

    private Expression.Conditional Conditional()
    {
        var left = Sum();
        var comparison = Comparison();
        var right = Sum();
        Expect(",");
        var then = Sum();
        Expect(",");
        var otherwise = Sum();
        Expect(")");
        return new Expression.Conditional(left, comparison, right, then, otherwise);
    }

    private ComparisonOperator Comparison()
    {
        if (Current.Kind != TokenKind.Comparison) throw Expected("one of >=, <=, >, <, ==, !=");
        var symbol = Take().Text;
        return Array.Find(ComparisonOperators.All, pair => string.Equals(pair.Symbol, symbol, StringComparison.Ordinal)).Operator;
    }

    private int Resolve(Token name)
    {
        try
        {
            return _resolve(name.Text);
        }
        catch (UnknownMetricException e)
        {
            throw new ExpressionException(e.Message, name.Column);
        }
    }

    private Token Take() => _tokens[_at++];

    private bool TryTake(string symbol)
    {
        if (Current.Kind != TokenKind.Symbol || !string.Equals(Current.Text, symbol, StringComparison.Ordinal)) return false;
        _at++;
        return true;
    }

    private void Expect(string symbol)
    {
        if (!TryTake(symbol)) throw Expected($"'{symbol}'");
    }

    private void ExpectEnd()
    {
        if (Current.Kind != TokenKind.End) throw Expected("the end of the expression");
    }

    private ExpressionException Expected(string what) => new($"{what} is expected, was {Current.Described}", Current.Column);
}
