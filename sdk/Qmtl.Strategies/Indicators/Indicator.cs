namespace Qmtl.Strategies;

/// <summary>An indicator that can be computed by name, outside any strategy.</summary>
public sealed class Indicator
{
    private readonly Func<PriceSeries, IndicatorOutput[]> _build;

    internal Indicator(IndicatorDefinition definition)
    {
        Name = definition.Name;
        Description = definition.Description;
        var declare = new IndicatorParameters();
        _build = definition.Declare(declare);
        Parameters = declare.All;
    }

    /// <summary>The name users type, such as "sma".</summary>
    public string Name { get; }

    /// <summary>One sentence.</summary>
    public string Description { get; }

    /// <summary>The parameters.</summary>
    public IReadOnlyList<Param> Parameters { get; }

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
        foreach (var output in _build(builder.Price())) builder.Output(output.Name, output.Series);
        return builder.ToGraph();
    }

    /// <summary>What it is: its parameters, its columns, and how many bars each of them needs first.</summary>
    public IndicatorInfo Describe()
    {
        var graph = Compile(new Universe(["BARS"], Interval.Parse("1m")));
        return new IndicatorInfo(
            Name,
            Description,
            [.. Parameters.Select(parameter => parameter.Describe())],
            [.. graph.Outputs.Select(output => new IndicatorColumnInfo(output.Name, graph.Ordered[output.Index].Warmup))]);
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
}

/// <summary>One column that an indicator computed.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Values">One value per bar; NaN while warming up.</param>
public sealed record IndicatorColumn(string Name, double[] Values);
