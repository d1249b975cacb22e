using System.Reflection;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>A trading strategy: parameters, and a <see cref="Build"/> that says what to hold as a function of prices.</summary>
/// <remarks>
/// Write signal logic only. Sizing, commission, fills and the world's judgement belong to the run.
/// <code>
/// public sealed class Trend : Strategy
/// {
///     private readonly Param&lt;int&gt; _fast = Param("fast", 10, 2..200);
///     private readonly Param&lt;int&gt; _slow = Param("slow", 30, 2..500);
///
///     protected override void Build(StrategyBuilder s)
///     {
///         var close = s.Price("BTC-PERP", "1m").Close;
///         s.Target(When(close.Sma(_fast).Above(close.Sma(_slow)), 1.0, 0.0));
///     }
/// }
/// </code>
/// </remarks>
public abstract partial class Strategy
{
    private IReadOnlyList<Param>? _parameters;

    /// <summary>The name in results and logs; the class name unless overridden.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>The parameters, in the order they are declared.</summary>
    public IReadOnlyList<Param> Parameters => _parameters ??= FindParameters();

    /// <summary>Sets parameters by name.</summary>
    /// <exception cref="Identity.RefusalException">A name is unknown (the nearest known one is suggested) or a value is outside its range.</exception>
    public Strategy With(IReadOnlyDictionary<string, string> values)
    {
        ParameterBinder.Bind(Name, Parameters, values);
        return this;
    }

    /// <summary>Builds the graph for what <paramref name="universe"/> offers.</summary>
    /// <exception cref="Identity.RefusalException">The strategy is mistaken; the message names the node or the parameter.</exception>
    public StrategyGraph Compile(Universe universe)
    {
        _ = Parameters;
        var builder = new StrategyBuilder(Name, universe);
        try
        {
            Build(builder);
        }
        catch (Exception problem) when (problem is not RefusalException and not OperationCanceledException)
        {
            throw Refuse.Thrown(Name, "Build", problem);
        }

        return builder.ToGraph();
    }

    /// <summary>Describes what to compute and what to hold. Called once per run, before any data is read.</summary>
    protected abstract void Build(StrategyBuilder s);

    /// <summary>A whole number; both ends of <paramref name="range"/> are allowed. A range has no negative ends; for those give min and max.</summary>
    protected static Param<int> Param(string name, int @default, Range range, string description = "") =>
        new(name, @default, WholeRange.From(name, range), description);

    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>, both allowed; either may be negative.</summary>
    protected static Param<int> Param(string name, int @default, int min, int max, string description = "") =>
        new(name, @default, WholeRange.From(name, min, max), description);

    /// <summary>A number from <paramref name="min"/> to <paramref name="max"/>, both allowed.</summary>
    protected static Param<double> Param(string name, double @default, double min, double max, string description = "") =>
        new(name, @default, NumberRange.From(name, min, max), description);

    /// <summary>True or false.</summary>
    protected static Param<bool> Param(string name, bool @default, string description = "") => new(name, @default, new FlagRange(), description);

    /// <summary>Text, such as a list of tags; not empty.</summary>
    protected static Param<string> Param(string name, string @default, string description = "") => new(name, @default, new TextRange(), description);

    /// <summary>One of the names of an enumeration; users write them in snake_case.</summary>
    protected static Param<T> Param<T>(string name, T @default, string description = "")
        where T : struct, Enum => new(name, @default, new ChoiceRange<T>(), description);

    /// <summary>States a rule between parameters, such as <c>Require(_fast &lt; _slow, "fast must be below slow")</c>; call it first in Build.</summary>
    /// <remarks>The refusal gives the values of the parameters that <paramref name="rule"/> names.</remarks>
    /// <exception cref="Identity.RefusalException">The condition does not hold.</exception>
    protected void Require(bool condition, string rule)
    {
        ArgumentException.ThrowIfNullOrEmpty(rule);
        if (!condition) throw Refuse.Rule(Name, rule, Parameters);
    }

    /// <summary>States how many instruments Build needs; call it first.</summary>
    /// <exception cref="Identity.RefusalException">The run has fewer.</exception>
    protected void RequireInstruments(StrategyBuilder s, int count)
    {
        ArgumentNullException.ThrowIfNull(s);
        if (s.Instruments.Count < count)
            throw Refuse.Graph(Name, $"needs at least {count} instruments, the run has {s.Instruments.Count}: {string.Join(", ", s.Instruments)}; give more files");
    }

    // Parameters are declared as fields and read back here, so that an author writes each of them once.
    private List<Param> FindParameters()
    {
        var found = new List<Param>();
        for (var type = GetType(); type is not null && type != typeof(Strategy); type = type.BaseType)
        {
            var fields = type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .OrderBy(field => field.MetadataToken);
            found.InsertRange(0, fields.Select(field => field.GetValue(this)).OfType<Param>());
        }

        ParameterBinder.RefuseDuplicates(Name, found);
        return found;
    }
}
