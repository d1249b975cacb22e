using System.Globalization;

namespace Qmtl.WorldService.Policies.Expressions;

/// <summary>An arithmetic expression over one candidate's metrics. A missing metric is NaN, and NaN spreads.</summary>
internal abstract record Expression
{
    /// <summary>Binding strength when written out: a child that binds less tightly than its place needs parentheses.</summary>
    protected virtual int Strength => 3;

    public abstract double Evaluate(ReadOnlySpan<double> row);

    /// <summary>The canonical spelling: one spelling for every way of writing the same tree.</summary>
    public abstract override string ToString();

    protected static string Wrap(Expression child, int strength) => child.Strength < strength ? $"({child})" : child.ToString();

    public sealed record Number(double Value) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> row) => Value;

        public override string ToString() => Value.ToString("R", CultureInfo.InvariantCulture);
    }

    public sealed record Metric(string Name, int Slot) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> row) => row[Slot];

        public override string ToString() => Name;
    }

    public sealed record Negation(Expression Operand) : Expression
    {
        protected override int Strength => 2;

        public override double Evaluate(ReadOnlySpan<double> row) => -Operand.Evaluate(row);

        public override string ToString() => "-" + Wrap(Operand, 3);
    }

    public sealed record Binary(char Operator, Expression Left, Expression Right) : Expression
    {
        protected override int Strength => Operator is '+' or '-' ? 1 : 2;

        public override double Evaluate(ReadOnlySpan<double> row)
        {
            var left = Left.Evaluate(row);
            var right = Right.Evaluate(row);
            return Operator switch
            {
                '+' => left + right,
                '-' => left - right,
                '*' => left * right,
                _ => left / right,
            };
        }

        // The right side of - and / keeps its parentheses, and of + and * too: floating point is not associative.
        public override string ToString() => $"{Wrap(Left, Strength)} {Operator} {Wrap(Right, Strength + 1)}";
    }

    public sealed record Call(FunctionKind Function, IReadOnlyList<Expression> Arguments) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> row)
        {
            var value = Arguments[0].Evaluate(row);
            switch (Function)
            {
                case FunctionKind.Abs: return Math.Abs(value);
                case FunctionKind.Sqrt: return Math.Sqrt(value);
                case FunctionKind.Log1p: return Math.Log(1 + value);
                case FunctionKind.Clamp: return Math.Max(Math.Min(value, Arguments[2].Evaluate(row)), Arguments[1].Evaluate(row));
                default:
                    for (var i = 1; i < Arguments.Count; i++)
                    {
                        var next = Arguments[i].Evaluate(row);
                        value = Function == FunctionKind.Min ? Math.Min(value, next) : Math.Max(value, next);
                    }

                    return value;
            }
        }

        public override string ToString() => $"{Function.ToString().ToLowerInvariant()}({string.Join(", ", Arguments)})";

        public bool Equals(Call? other) => other is not null && Function == other.Function && Arguments.SequenceEqual(other.Arguments);

        public override int GetHashCode() => HashCode.Combine(Function, Arguments.Count);
    }

    public sealed record Conditional(Expression Left, ComparisonOperator Operator, Expression Right, Expression Then, Expression Else) : Expression
    {
        public override double Evaluate(ReadOnlySpan<double> row)
        {
            var left = Left.Evaluate(row);
            var right = Right.Evaluate(row);
            if (double.IsNaN(left) || double.IsNaN(right)) return double.NaN;
            return Operator.Holds(left, right) ? Then.Evaluate(row) : Else.Evaluate(row);
        }

        public override string ToString() => $"if({Left} {Operator.Symbol()} {Right}, {Then}, {Else})";
    }
}

internal enum FunctionKind
{
    Min,
    Max,
    Abs,
    Clamp,
    Log1p,
    Sqrt,
}
