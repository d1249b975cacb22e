namespace Qmtl.Strategies;

/// <summary>An indicator that can be computed by name, outside any strategy.</summary>
public abstract class Indicator
{
    private readonly List<Param> _parameters = [];

    /// <summary>The name users type, such as "sma".</summary>
    public abstract string Name { get; }

    /// <summary>One sentence.</summary>
    public abstract string Description { get; }

    /// <summary>The parameters.</summary>
    public IReadOnlyList<Param> Parameters => _parameters;

    /// <summary>Sets parameters by name.</summary>
    /// <exception cref="Identity.RefusalException">A name is unknown or a value is outside its range.</exception>
    public Indicator With(IReadOnlyDictionary<string, string> values)
    {
        ParameterBinder.Bind(Name, Parameters, values);
        return this;
    }

    /// <summary>Builds the graph that computes this indicator over one instrument; its outputs are the columns.</summary>
    public StrategyGraph Compile(Universe universe)
    {
        var builder = new StrategyBuilder(Name, universe);
        Build(builder, builder.Price());
        return builder.ToGraph();
    }

    /// <summary>Computes every column over all bars; missing values are NaN.</summary>
    public IReadOnlyList<IndicatorColumn> Compute(IColumnSource data, int intervalSeconds)
    {
        var plan = ComputePlan.For(Compile(new Universe([data.Instrument], intervalSeconds)));
        var binding = ColumnBinding.Bind(plan, [data]);
        var run = plan.Start();
        var columns = plan.Graph.Outputs.Select(output => new IndicatorColumn(output.Name, new double[data.Count])).ToArray();
        for (var start = 0; start < data.Count; start += run.BlockLength)
        {
            var length = Math.Min(run.BlockLength, data.Count - start);
            binding.Load(run, start, length);
            run.Process(length);
            for (var i = 0; i < columns.Length; i++) run.Values(plan.Graph.Outputs[i].Index)[..length].CopyTo(columns[i].Values.AsSpan(start));
        }

        return columns;
    }

    /// <summary>Describes the outputs.</summary>
    protected abstract void Build(StrategyBuilder s, PriceSeries price);

    /// <summary>Declares a whole-number parameter; both ends of the range are allowed.</summary>
    protected Param<int> Declare(string name, int @default, Range range, string description) =>
        Keep(new Param<int>(name, @default, WholeRange.From(name, range), description));

    /// <summary>Declares the parameter that says which price, or which column of the data, to use.</summary>
    protected Param<string> DeclarePrice() => Keep(new Param<string>("price", "close", new ColumnRange(), "open, high, low, close, volume, hl2, hlc3, ohlc4 or a column of the data."));

    private Param<T> Keep<T>(Param<T> parameter)
        where T : notnull
    {
        _parameters.Add(parameter);
        return parameter;
    }

    private sealed record ColumnRange() : ParamRange<string>("the name of", "a price or column")
    {
        public override bool TryParse(string text, out string value)
        {
            value = text.ToLowerInvariant();
            return text.Length > 0;
        }

        public override bool Contains(string value) => value.Length > 0;

        public override string Format(string value) => value;
    }
}

/// <summary>One column that an indicator computed.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Values">One value per bar; NaN while warming up.</param>
public sealed record IndicatorColumn(string Name, double[] Values);
